#include "train/process_method.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "nn/compat.hpp"
#include "nn/host.hpp"
#include "nn/noise.hpp"
#include "nn/step_generator.hpp"
#include "synth/process_sampler.hpp"
#include "train/voxel_weights.hpp"

namespace gdm::train {

using model::Process;

// Behind it nothing is left to be learnt that single precision could tell from 0.
constexpr double last_time = 0.9999;

Tensor stratified_times(std::int64_t batch, std::uint64_t seed, std::int64_t number) {
  constexpr double golden = 0.6180339887498949;
  at::Generator generator = nn::step_generator(seed, -1);
  const auto begin = nn::host_value<double>(torch::rand({1}, generator, torch::kFloat64));
  const double moved = begin + golden * static_cast<double>(number), place = moved - std::floor(moved);
  std::vector<float> times;
  for (std::int64_t n = 0; n < batch; ++n) {
    times.push_back(
        static_cast<float>(std::min((static_cast<double>(n) + place) / static_cast<double>(batch), last_time)));
  }
  return torch::tensor(times);
}

double spread_about_source(const model::Process& process, nn::Generator& base,
                           const std::vector<data::Batch>& batches) {
  double squares = 0, voxels = 0;
  for (const data::Batch& batch : batches) {
    const Tensor source = synth::source_of(process, batch.conditions, base), weight = voxel_weights(batch.mask);
    const Tensor left = source.defined() ? batch.target - source : batch.target;
    squares += nn::host_value<double>((left.square() * weight).sum().to(torch::kFloat64));
    voxels += nn::host_value<double>(weight.sum().to(torch::kFloat64));
  }
  return std::max(std::sqrt(squares / voxels), 1e-3);  // a source that is the target leaves nothing to learn
}

ProcessMethod::ProcessMethod(nn::Generator network, nn::Generator base, const nn::GeneratorConfig& config,
                             std::uint64_t seed, torch::Device device, bool bfloat16)
    : network_(std::move(network)),
      base_(std::move(base)),
      config_(config),
      seed_(seed),
      device_(device),
      bfloat16_(bfloat16) {}

nn::LogLine ProcessMethod::add_gradients(const data::Batch& batch, const BatchPlace& place) {
  const Process& process = config_.process.value();
  const std::int64_t patches = batch.target.size(0);
  const Tensor times = stratified_times(patches, seed_, place.number);
  const Tensor with_noise = nn::with_step_noise(batch.target, 1, seed_, place.number);
  const Tensor noise = with_noise.narrow(1, 1, 1);
  const Tensor source = synth::source_of(process, batch.conditions, base_);
  const auto number = [&](const std::function<double(double)>& of_time) {
    return synth::of_each(times, device_, of_time);
  };
  Tensor state = batch.target * number([&](double t) { return process.state(t).target; }) +
                 noise * number([&](double t) { return process.state(t).noise; });
  if (source.defined()) state = state + source * number([&](double t) { return process.state(t).source; });
  Tensor output;
  {
    const nn::Bfloat16Guard guard(device_, bfloat16_);
    const Tensor inputs = synth::network_inputs(process, batch.conditions, source, state, times);
    output = network_(inputs, nn::to_device(times, device_)).to(torch::kFloat32);
  }
  const Tensor left = batch.target - synth::known_target(process, source, state, times);
  const Tensor scale = number([&](double t) { return process.estimate(t).of_output; });
  const Tensor weight = voxel_weights(batch.mask);
  const Tensor loss = ((output - left / scale).square() * weight).sum() / weight.sum();
  nn::LogLine line;
  line.set("/" + loss_key(), loss.detach());
  {
    const torch::NoGradGuard no_grad;
    const Tensor error = ((output * scale - left).abs() * weight).sum() / weight.sum();
    line.set("/l1_hu", error.to(torch::kFloat64) * config_.hu_map.hu_per_unit());
  }
  (loss / static_cast<double>(place.in_step)).backward();
  return line;
}

std::string ProcessMethod::loss_text(double loss) const {
  return fmt::format("loss {:.4f}", loss);
}

}  // namespace gdm::train
