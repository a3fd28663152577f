// Samplers of processes against targets whose best predictor is known in closed form: nothing is trained here.
#include "synth/process_sampler.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "model/generator_shape.hpp"
#include "sys/error.hpp"

using namespace gdm;
using namespace gdm::model;
using torch::Tensor;

namespace {

constexpr double mean = 0.4, slope = 0.5;  // the target of two voxels is normal about mean + slope * source

Tensor target_covariance() {
  return torch::tensor({{0.09, 0.036}, {0.036, 0.04}}, torch::kFloat64);
}

/// E[target | state, source] of voxels (.., 2): all are linear in target and noise, so it follows from their
/// covariances.
Tensor best_target(const Process& process, const Tensor& state, const Tensor& source, double time) {
  const Mixture x = process.state(time);
  const Tensor covariance = target_covariance(), expected = mean + slope * source;
  const Tensor of_state = x.target * x.target * covariance + x.noise * x.noise * torch::eye(2, torch::kFloat64);
  if (of_state.abs().max().item<double>() < 1e-20) return expected;
  const Tensor way = state - x.target * expected - x.source * source;
  return expected + torch::matmul(way, torch::matmul(of_state.inverse(), x.target * covariance));
}

Tensor followed(const Process& process, std::int64_t steps, Solver solver, const Tensor& source, const Tensor& noise) {
  const synth::Evaluate best = [&](const Tensor& state, double time) {
    return best_target(process, state, source, time);
  };
  return synth::follow(process, steps, solver, best, source, noise);
}

/// Draws of two voxels.
Tensor drawn(const Process& process, std::int64_t steps, Solver solver, const Tensor& source) {
  const std::int64_t channels = process.noise_channels(steps);
  return followed(process, steps, solver, source, torch::randn({source.size(0), channels, 1, 1, 2}, torch::kFloat64));
}

/// All steps are linear in the noise, so that draws of exactly mean 0 and covariance 1 have exactly the mean and the
/// covariance of all draws: those that lie on the axes of all noise that a synthesis takes, on both sides.
void check_gaussian(const Process& process, std::int64_t steps, Solver solver) {
  CAPTURE(process.text());
  const std::int64_t channels = process.noise_channels(steps), axes = 2 * channels;
  const Tensor axis = std::sqrt(static_cast<double>(axes)) * torch::eye(axes, torch::kFloat64);
  const Tensor noise = torch::cat({axis, -axis}).reshape({2 * axes, channels, 1, 1, 2});
  const Tensor source = torch::tensor({-0.6, 0.2}, torch::kFloat64).expand({2 * axes, 1, 1, 1, 2});
  const Tensor made = followed(process, steps, solver, source, noise).reshape({-1, 2});
  const Tensor about = made.mean(0), spread = made - about, wanted = target_covariance();
  const Tensor covariance = torch::matmul(spread.t(), spread) / static_cast<double>(made.size(0));
  const Tensor deviations = wanted.diagonal().sqrt();
  const auto worst = [](const Tensor& difference) { return difference.abs().max().item<double>(); };
  CHECK(worst((about - mean - slope * source[0].flatten()) / deviations) < 0.02);
  CHECK(worst((covariance - wanted) / torch::outer(deviations, deviations)) < 0.02);
}

Process flow(ProcessSource source, double noise) {
  Process process;
  process.source = source;
  process.source_noise = noise;
  return process;
}

Process bridge(bool ode) {
  Process process;
  process.kind = ProcessKind::bridge;
  process.source = ProcessSource::input;
  process.bridge_is_ode = ode;
  return process;
}

}  // namespace

TEST_CASE("a flow, a bridge and a diffusion give a Gaussian target's mean and covariance within 2 %") {
  check_gaussian(flow(ProcessSource::noise, 0), 400, Solver::euler);
  check_gaussian(flow(ProcessSource::noise, 0), 40, Solver::heun);
  check_gaussian(flow(ProcessSource::input, 0.1), 200, Solver::heun);
  check_gaussian(flow(ProcessSource::regression, 0.1), 400, Solver::euler);
  check_gaussian(bridge(false), 800, Solver::euler);
  Process diffusion;
  diffusion.kind = ProcessKind::diffusion;
  check_gaussian(diffusion, 400, Solver::euler);
  diffusion.schedule = NoiseSchedule::linear;
  check_gaussian(diffusion, 800, Solver::euler);
}

TEST_CASE("one evaluation gives the conditional mean of a flow, a bridge and a diffusion") {
  Process diffusion;
  diffusion.kind = ProcessKind::diffusion;
  const Tensor source = torch::linspace(-1, 1, 16, torch::kFloat64).view({-1, 1, 1, 1, 2});
  for (const Process& process :
       {flow(ProcessSource::noise, 0), flow(ProcessSource::input, 0.1), bridge(false), bridge(true), diffusion}) {
    CAPTURE(process.text());
    CHECK(torch::allclose(drawn(process, 1, Solver::euler, source), mean + slope * source, 1e-9, 1e-9));
  }
}

TEST_CASE("a bridge without noise ends at the mean, in however many steps") {
  const Tensor source = torch::full({3, 1, 1, 1, 2}, 0.2, torch::kFloat64);
  for (const std::int64_t steps : {1, 7, 25}) {
    CHECK(torch::allclose(drawn(bridge(true), steps, Solver::euler, source), mean + slope * source));
  }
}

TEST_CASE("a target of two modes is met at both, and never between them") {
  // y is -1 or 1 with equal odds, whatever the source: the mean, 0, is what a regression gives. Of a state
  // a y + b s + c e the best estimate is known: E[y | state] = tanh(a (state - b s) / c^2).
  Process diffusion;
  diffusion.kind = ProcessKind::diffusion;
  torch::manual_seed(5);
  for (const Process& process :
       {flow(ProcessSource::noise, 0), flow(ProcessSource::input, 0.5), bridge(false), diffusion}) {
    CAPTURE(process.text());
    const std::int64_t steps = 200;
    const Tensor source = torch::full({20000, 1, 1, 1, 1}, 0.1);
    const synth::Evaluate best = [&](const Tensor& state, double time) {
      const Mixture x = process.state(time);
      if (x.noise < 1e-10) return torch::zeros_like(state);  // a bridge at its source, which tells nothing
      return torch::tanh((state - x.source * source) * (x.target / (x.noise * x.noise)));
    };
    const Tensor noise = torch::randn({20000, process.noise_channels(steps), 1, 1, 1});
    const Tensor made = synth::follow(process, steps, Solver::euler, best, source, noise).flatten();
    CHECK(std::abs((made > 0).to(torch::kFloat64).mean().item<double>() - 0.5) < 0.02);
    CHECK(((made.abs() - 1).abs() < 0.05).to(torch::kFloat64).mean().item<double>() > 0.97);
  }
}

TEST_CASE("evaluations and steps of a synthesis") {
  Process process = flow(ProcessSource::noise, 0);
  process.evaluations = 8;
  CHECK(synth::steps_of(process, 0, Solver::euler) == 8);
  CHECK(synth::steps_of(process, 5, Solver::heun) == 3);
  CHECK_THROWS_AS(synth::steps_of(process, 4, Solver::heun), Error);
  CHECK_THROWS_AS(synth::steps_of(bridge(false), 5, Solver::heun), Error);
}

TEST_CASE("a generator of a process is told the time, and its sampler counts its evaluations") {
  torch::manual_seed(1);
  nn::GeneratorConfig config;
  config.task = "sparse-ct";
  config.conditions = {{"fbp", "hu"}};
  config.widths = {8, 8};
  nn::GeneratorConfig one_step = config;
  config.process = flow(ProcessSource::regression, 0.1);
  config.process->evaluations = 3;
  nn::Generator network(config), base(one_step);
  std::int64_t parameters = 0;
  for (const Tensor& parameter : network->parameters()) parameters += parameter.numel();
  CHECK(generator_shape(config.json()).parameters() == parameters);
  const torch::NoGradGuard no_grad;
  const Tensor inputs = torch::randn({2, 3, 8, 8, 8});
  const Tensor early = network(inputs, torch::tensor({0.1F, 0.1F})),
               late = network(inputs, torch::tensor({0.9F, 0.1F}));
  CHECK_FALSE(torch::allclose(early[0], late[0]));
  CHECK(torch::allclose(early[1], late[1]));
  const auto sampler = synth::make_sampler(config, network, base);
  CHECK(sampler->evaluations() == 4);  // that of the regression is one of them
  CHECK(sampler->noise_channels() == 1);
  CHECK(sampler->sample(torch::randn({2, 2, 8, 8, 8})).sizes() == torch::IntArrayRef({2, 1, 8, 8, 8}));
  const auto asked = synth::make_sampler(config, network, base, {5, Solver::heun});
  CHECK(asked->evaluations() == 6);
  CHECK(synth::make_sampler(one_step, base, nullptr, {6, Solver::euler})->evaluations() == 1);
}
