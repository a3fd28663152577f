#include "train/paired_method.hpp"

#include <fmt/format.h>

#include <utility>

#include "nn/compat.hpp"
#include "nn/noise.hpp"
#include "objective/energy_score.hpp"
#include "train/voxel_weights.hpp"

namespace gdm::train {
namespace {

Tensor weighted_mean(const Tensor& values, const Tensor& weight) {
  return (values * weight).sum() / weight.sum();
}

Tensor weighted_l1(const Tensor& predicted, const Tensor& target, const Tensor& mask) {
  return weighted_mean((predicted - target).abs(), voxel_weights(mask));
}

/// Each patch of the batch so many times, the draws of one behind one another.
data::Batch repeated(const data::Batch& batch, std::int64_t times) {
  if (times == 1) return batch;
  // Not repeat_interleave(), which looks at a value of the device.
  const auto repeat = [times](const Tensor& patches) {
    return patches.unsqueeze(1).expand({-1, times, -1, -1, -1, -1}).flatten(0, 1);
  };
  data::Batch out{repeat(batch.conditions), repeat(batch.target), repeat(batch.mask), repeat(batch.host_mask), {}};
  for (const data::PatchPlace& place : batch.places) out.places.insert(out.places.end(), times, place);
  return out;
}

/// (B K, 1, D, H, W) -> (B, K, D, H, W).
Tensor by_patch(const Tensor& volumes, std::int64_t draws) {
  return volumes.reshape({-1, draws, volumes.size(2), volumes.size(3), volumes.size(4)});
}

/// Mean distance of a draw from the next of the same patch.
Tensor mean_spread(const Tensor& draws, const Tensor& weight) {
  return weighted_mean((draws - draws.roll(1, 1)).abs().mean(1, true), weight);
}

}  // namespace

PairedMethod::PairedMethod(nn::Generator network, const nn::GeneratorConfig& config,
                           std::shared_ptr<Objectives> objectives, std::uint64_t seed, std::int64_t draws,
                           torch::Device device, bool bfloat16)
    : network_(std::move(network)),
      config_(config),
      objectives_(std::move(objectives)),
      seed_(seed),
      draws_(draws),
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

Tensor PairedMethod::fidelity(const Tensor& predicted, const data::Batch& batch, nn::LogLine& line) const {
  const auto in_hu = [this](const Tensor& value) {
    return value.detach().to(torch::kFloat64) * config_.hu_map.hu_per_unit();
  };
  if (draws_ == 1) {
    const Tensor loss = weighted_l1(predicted, batch.target, batch.mask);
    line.set("/l1_hu", in_hu(loss));
    return loss;
  }
  const auto first = [this](const Tensor& volumes) { return by_patch(volumes, draws_).narrow(1, 0, 1); };
  const Tensor draws = by_patch(predicted, draws_), weight = voxel_weights(first(batch.mask));
  const Tensor loss = objective::energy_score(draws, first(batch.target), weight);
  line.set("/energy_score_hu", in_hu(loss));
  const torch::NoGradGuard no_grad;
  line.set("/l1_hu", in_hu(weighted_l1(predicted, batch.target, batch.mask)));
  line.set("/spread_hu", in_hu(mean_spread(draws, weight)));
  return loss;
}

nn::LogLine PairedMethod::add_gradients(const data::Batch& once, const BatchPlace& place) {
  nn::LogLine line;
  const data::Batch batch = repeated(once, draws_);
  const Tensor predicted = predict(batch, place.number);
  const Tensor leaf = predicted.detach().requires_grad_(true);
  Tensor gradient = torch::autograd::grad({fidelity(leaf, batch, line)}, {leaf})[0];
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
  return fmt::format("{} {:.1f} HU", draws_ > 1 ? "energy score" : "L1", loss);
}

void PairedMethod::save(nn::TensorWriter& writer, Json& json) const {
  objectives_->save(writer, json);
}

void PairedMethod::load(const SafetensorsFile& file, const Json& json) {
  objectives_->load(file, json);
}

}  // namespace gdm::train
