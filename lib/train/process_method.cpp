#include "train/process_method.hpp"

#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "nn/compat.hpp"
#include "nn/host.hpp"
#include "nn/noise.hpp"
#include "nn/step_generator.hpp"
#include "synth/process_sampler.hpp"
#include "train/voxel_weights.hpp"

namespace gdm::train {

using model::Mixture;
using model::Process;

Tensor stratified_times(std::int64_t batch, std::uint64_t seed, std::int64_t number) {
  constexpr double golden = 0.6180339887498949;
  at::Generator generator = nn::step_generator(seed, -1);
  const auto begin = nn::host_value<double>(torch::rand({1}, generator, torch::kFloat64));
  const double moved = begin + golden * static_cast<double>(number), place = moved - std::floor(moved);
  std::vector<float> times;
  for (std::int64_t n = 0; n < batch; ++n) {
    times.push_back(static_cast<float>((static_cast<double>(n) + place) / static_cast<double>(batch)));
  }
  return torch::tensor(times);
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
  // One number for each patch, to be multiplied with (B, 1, D, H, W).
  const auto of_each = [&](const std::function<double(double)>& number) {
    std::vector<float> numbers;
    for (std::int64_t n = 0; n < patches; ++n) {
      numbers.push_back(static_cast<float>(number(static_cast<double>(nn::host_value<float>(times[n])))));
    }
    return nn::to_device(torch::tensor(numbers).view({-1, 1, 1, 1, 1}), device_);
  };
  const auto mixture = [&](Mixture (Process::*at)(double) const) {
    Tensor sum = batch.target * of_each([&](double t) { return (process.*at)(t).target; }) +
                 noise * of_each([&](double t) { return (process.*at)(t).noise; });
    if (source.defined()) sum = sum + source * of_each([&](double t) { return (process.*at)(t).source; });
    return sum;
  };
  const Tensor state = mixture(&Process::state), learnt = mixture(&Process::learnt);
  Tensor output;
  {
    const nn::Bfloat16Guard guard(device_, bfloat16_);
    const Tensor inputs = synth::network_inputs(process, batch.conditions, source, state);
    output = network_(inputs, nn::to_device(times, device_)).to(torch::kFloat32);
  }
  const Tensor weight = voxel_weights(batch.mask);
  const Tensor loss = ((output - learnt).square() * weight).sum() / weight.sum();
  nn::LogLine line;
  line.set("/" + loss_key(), loss.detach());
  {
    const torch::NoGradGuard no_grad;
    const Tensor told = state * of_each([&](double t) { return process.estimate(t).of_state; }) +
                        output * of_each([&](double t) { return process.estimate(t).of_output; });
    const Tensor error = ((told - batch.target).abs() * weight).sum() / weight.sum();
    line.set("/l1_hu", error.to(torch::kFloat64) * config_.hu_map.hu_per_unit());
  }
  (loss / static_cast<double>(place.in_step)).backward();
  return line;
}

std::string ProcessMethod::loss_text(double loss) const {
  return fmt::format("loss {:.4f}", loss);
}

}  // namespace gdm::train
