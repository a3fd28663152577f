#include "train/paired_method.hpp"

#include <fmt/format.h>

#include <utility>

#include "nn/compat.hpp"
#include "nn/noise.hpp"
#include "train/voxel_weights.hpp"

namespace gdm::train {
namespace {

Tensor weighted_l1(const Tensor& predicted, const Tensor& target, const Tensor& mask) {
  const Tensor weight = voxel_weights(mask);
  return ((predicted - target).abs() * weight).sum() / weight.sum();
}

}  // namespace

PairedMethod::PairedMethod(nn::Generator network, const nn::GeneratorConfig& config,
                           std::shared_ptr<Objectives> objectives, std::uint64_t seed, torch::Device device,
                           bool bfloat16)
    : network_(std::move(network)),
      config_(config),
      objectives_(std::move(objectives)),
      seed_(seed),
      device_(device),
      bfloat16_(bfloat16) {}

Tensor PairedMethod::predict(const data::Batch& batch, std::int64_t number) {
  const Tensor input = nn::with_step_noise(batch.conditions, config_.noise_channels, seed_, number);
  Tensor output;
  {
    const nn::Bfloat16Guard guard(device_, bfloat16_);
    output = network_(input).to(torch::kFloat32);
  }
  return layer_(output, batch.places);
}

nn::LogLine PairedMethod::add_gradients(const data::Batch& batch, const BatchPlace& place) {
  nn::LogLine line;
  const Tensor predicted = predict(batch, place.number);
  const Tensor leaf = predicted.detach().requires_grad_(true);
  const Tensor fidelity = weighted_l1(leaf, batch.target, batch.mask);
  Tensor gradient = torch::autograd::grad({fidelity}, {leaf})[0];
  line.set("/" + loss_key(), fidelity.detach().to(torch::kFloat64) * config_.hu_map.hu_per_unit());
  if (!objectives_->empty()) {
    gradient = objectives_->coordinated(
        place.step, {leaf, batch.target, batch.mask, batch.host_mask, place.number, &batch.places, batch.conditions},
        gradient, line);
  }
  if (place.in_step > 1) gradient = gradient / static_cast<double>(place.in_step);
  predicted.backward(gradient);
  return line;
}

void PairedMethod::after_step(bool /*taken*/) {
  objectives_->settle();
}

std::string PairedMethod::loss_text(double loss) const {
  return fmt::format("L1 {:.1f} HU", loss);
}

void PairedMethod::save(nn::TensorWriter& writer, Json& json) const {
  objectives_->save(writer, json);
}

void PairedMethod::load(const SafetensorsFile& file, const Json& json) {
  objectives_->load(file, json);
}

}  // namespace gdm::train
