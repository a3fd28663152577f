#include "synth/process_sampler.hpp"

#include <fmt/format.h>

#include "nn/compat.hpp"
#include "nn/host.hpp"
#include "sys/error.hpp"

namespace gdm::synth {
namespace {

/// a x + b y, of which one may be missing.
Tensor mixed(double a, const Tensor& x, double b, const Tensor& y) {
  if (!x.defined() || a == 0) return y * b;
  return b == 0 ? x * a : x * a + y * b;
}

}  // namespace

std::int64_t steps_of(const model::Process& process, std::int64_t evaluations, model::Solver solver) {
  const std::int64_t asked = evaluations == 0 ? process.evaluations : evaluations;
  if (solver == model::Solver::euler) return asked;
  if (process.kind != model::ProcessKind::flow) {
    throw Error("--solver heun is for a flow, this model is a " + name_of(process.kind), Exit::usage);
  }
  if (asked % 2 == 0) {
    throw Error(fmt::format("--solver heun evaluates twice a step but the last, so --nfe {} should be odd", asked),
                Exit::usage);
  }
  return (asked + 1) / 2;
}

Tensor follow(const model::Process& process, std::int64_t steps, model::Solver solver, const Evaluate& evaluate,
              const Tensor& source, const Tensor& noise) {
  std::int64_t used = 0;
  const auto next_noise = [&] { return noise.narrow(1, used++, 1); };
  const model::Mixture begin = process.state(0);
  Tensor state = begin.noise > 0 ? mixed(begin.source, source, begin.noise, next_noise()) : source * begin.source;
  for (std::int64_t n = 0; n < steps; ++n) {
    const double from = static_cast<double>(n) / static_cast<double>(steps),
                 to = static_cast<double>(n + 1) / static_cast<double>(steps);
    const Tensor target = evaluate(state, from);
    if (solver == model::Solver::heun && n + 1 < steps) {  // of a flow: its velocity reaches the target at time 1
      const Tensor velocity = (target - state) / (1 - from), ahead = state + (to - from) * velocity;
      state = state + 0.5 * (to - from) * (velocity + (evaluate(ahead, to) - ahead) / (1 - to));
      continue;
    }
    const model::Process::Step step = process.step(from, to);
    state = mixed(step.of_state, state, step.of_estimate, target);
    if (step.of_noise > 0 && n + 1 < steps) state = state + step.of_noise * next_noise();
  }
  return state;
}

Tensor source_of(const model::Process& process, const Tensor& conditions, nn::Generator& base) {
  if (process.source == model::ProcessSource::noise) return {};
  if (process.source == model::ProcessSource::input) return conditions.narrow(1, 0, 1);
  const torch::NoGradGuard no_grad;
  return base(conditions).to(torch::kFloat32);
}

Tensor of_each(const Tensor& times, torch::Device device, const std::function<double(double)>& number) {
  std::vector<float> numbers;
  for (std::int64_t n = 0; n < times.size(0); ++n) {
    numbers.push_back(static_cast<float>(number(static_cast<double>(nn::host_value<float>(times[n])))));
  }
  return nn::to_device(torch::tensor(numbers).view({-1, 1, 1, 1, 1}), device);
}

Tensor network_inputs(const model::Process& process, const Tensor& conditions, const Tensor& source,
                      const Tensor& state, const Tensor& times) {
  Tensor shown = state * of_each(times, state.device(), [&](double t) { return process.shown(t).of_state; });
  if (source.defined()) {
    shown = shown + source * of_each(times, state.device(), [&](double t) { return process.shown(t).of_source; });
  }
  if (process.own_channels() == 1) return torch::cat({conditions, shown}, 1);
  return torch::cat({conditions, source, shown}, 1);
}

Tensor known_target(const model::Process& process, const Tensor& source, const Tensor& state, const Tensor& times) {
  const Tensor of_state =
      state * of_each(times, state.device(), [&](double t) { return process.estimate(t).of_state; });
  if (!source.defined()) return of_state;
  return of_state + source * of_each(times, state.device(), [&](double t) { return process.estimate(t).of_source; });
}

ProcessSampler::ProcessSampler(nn::Generator network, nn::Generator base, const nn::GeneratorConfig& config,
                               std::int64_t evaluations, model::Solver solver)
    : network_(std::move(network)),
      base_(std::move(base)),
      process_(config.process.value()),
      conditions_(static_cast<std::int64_t>(config.conditions.size())),
      solver_(solver),
      steps_(steps_of(process_, evaluations, solver)) {}

Tensor ProcessSampler::sample(const Tensor& inputs) {
  const Tensor conditions = inputs.narrow(1, 0, conditions_),
               noise = inputs.narrow(1, conditions_, inputs.size(1) - conditions_);
  const Tensor source = source_of(process_, conditions, base_);
  const Evaluate evaluate = [&](const Tensor& state, double time) {
    const Tensor times = torch::full({state.size(0)}, time, torch::kFloat32);
    const Tensor output =
        network_(network_inputs(process_, conditions, source, state, times), nn::to_device(times, state.device()));
    return known_target(process_, source, state, times) + process_.estimate(time).of_output * output;
  };
  return follow(process_, steps_, solver_, evaluate, source, noise);
}

std::int64_t ProcessSampler::evaluations() const {
  const std::int64_t base = process_.source == model::ProcessSource::regression ? 1 : 0;
  return base + (solver_ == model::Solver::heun ? 2 * steps_ - 1 : steps_);
}

std::unique_ptr<Sampler> make_sampler(const nn::GeneratorConfig& config, nn::Generator network, nn::Generator base,
                                      const engine::Sampling& sampling) {
  if (config.process) {
    return std::make_unique<ProcessSampler>(std::move(network), std::move(base), config, sampling.evaluations,
                                            sampling.solver);
  }
  return std::make_unique<OneStepSampler>(std::move(network), config.noise_channels);
}

}  // namespace gdm::synth
