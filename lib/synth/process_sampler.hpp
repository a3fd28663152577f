// Patches from a process (model/process.hpp): several evaluations of a network that knows the time.
#pragma once

#include <functional>

#include "model/process.hpp"
#include "nn/generator.hpp"
#include "synth/sampler.hpp"

namespace gdm::synth {

using torch::Tensor;

/// The target as a network tells it from states (B, 1, D, H, W) at a time.
using Evaluate = std::function<Tensor(const Tensor& state, double time)>;

/// Evaluations for `evaluations` of them, or of the process if it is 0. Throws Error, usage, if the solver needs an
/// odd number, or for heun with what is no flow.
std::int64_t steps_of(const model::Process& process, std::int64_t evaluations, model::Solver solver);

/// The image at the end of so many even steps. `source`: what the process begins with, undefined for noise. `noise`
/// (B, Process::noise_channels(steps), D, H, W), standard normal.
Tensor follow(const model::Process& process, std::int64_t steps, model::Solver solver, const Evaluate& evaluate,
              const Tensor& source, const Tensor& noise);

/// source of a batch: nothing, the first condition, or what the base makes of the conditions.
Tensor source_of(const model::Process& process, const Tensor& conditions, nn::Generator& base);

/// One number for each patch, by its time, to be multiplied with (B, 1, D, H, W) on `device`. `times` (B) on the host.
Tensor of_each(const Tensor& times, torch::Device device, const std::function<double(double)>& number);

/// Inputs of a process's network: conditions, the source where it is no condition, what is shown of the state.
Tensor network_inputs(const model::Process& process, const Tensor& conditions, const Tensor& source,
                      const Tensor& state, const Tensor& times);

/// Process::estimate without the network's part.
Tensor known_target(const model::Process& process, const Tensor& source, const Tensor& state, const Tensor& times);

class ProcessSampler : public Sampler {
 public:
  /// Shares the networks' weights; `base` is empty unless the process begins with a regression's output.
  ProcessSampler(nn::Generator network, nn::Generator base, const nn::GeneratorConfig& config, std::int64_t evaluations,
                 model::Solver solver);
  Tensor sample(const Tensor& inputs) override;
  std::int64_t evaluations() const override;
  std::int64_t noise_channels() const override { return process_.noise_channels(steps_); }

 private:
  nn::Generator network_, base_;
  model::Process process_;
  std::int64_t conditions_;
  model::Solver solver_;
  std::int64_t steps_;
};

}  // namespace gdm::synth
