#include "model/process.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "sys/error.hpp"

using namespace gdm;
using namespace gdm::model;

namespace {

std::vector<Process> processes() {
  std::vector<Process> all;
  for (const ProcessSource source : {ProcessSource::noise, ProcessSource::input, ProcessSource::regression}) {
    Process flow;
    flow.source = source;
    flow.source_noise = source == ProcessSource::noise ? 0 : 0.1;
    all.push_back(flow);
  }
  for (const bool ode : {false, true}) {
    Process bridge;
    bridge.kind = ProcessKind::bridge;
    bridge.source = ProcessSource::input;
    bridge.bridge_is_ode = ode;
    all.push_back(bridge);
  }
  for (const NoiseSchedule schedule : {NoiseSchedule::cosine, NoiseSchedule::linear}) {
    Process diffusion;
    diffusion.kind = ProcessKind::diffusion;
    diffusion.schedule = schedule;
    all.push_back(diffusion);
  }
  return all;
}

double mixed(const Mixture& m, double target, double source, double noise) {
  return m.target * target + m.source * source + m.noise * noise;
}

}  // namespace

TEST_CASE("what a network learns has mean 0 and variance 1, and nothing of it is told by the state") {
  // For a target that is normal about the source, y = s + spread a: all are sums of the source and of a and e, which
  // are standard normal and independent.
  for (Process process : processes()) {
    CAPTURE(process.text());
    process.spread = 0.2;
    const bool from_noise = process.source == ProcessSource::noise;
    for (const double time : {0.0, 0.1, 0.5, 0.77, 0.99}) {
      CAPTURE(time);
      const Mixture state = process.state(time);
      const Process::Estimate estimate = process.estimate(time);
      const double of_source = 1 - estimate.of_state * (state.target + state.source) - estimate.of_source;
      const double of_target = process.spread * (1 - estimate.of_state * state.target);
      const double of_noise = -estimate.of_state * state.noise;
      if (!from_noise) CHECK(of_source == doctest::Approx(0).epsilon(1e-9));
      if (!process.has_noise()) continue;  // then the state tells all but for where the source is not shown
      CHECK(of_target * of_target + of_noise * of_noise == doctest::Approx(estimate.of_output * estimate.of_output));
      CHECK(of_target * state.target * process.spread + of_noise * state.noise == doctest::Approx(0).epsilon(1e-9));
    }
  }
}

TEST_CASE("what a network is shown of a state is about as wide as standard normal noise, and no wider") {
  for (Process process : processes()) {
    CAPTURE(process.text());
    process.spread = 0.2;
    for (const double time : {0.0, 0.1, 0.5, 0.77, 1.0}) {
      const Mixture state = process.state(time);
      const Process::Shown shown = process.shown(time);
      const double width = shown.of_state * std::hypot(state.target * process.spread, state.noise);
      CHECK(width <= 1.0 + 1e-12);
      if (time == 1.0) CHECK(width == doctest::Approx(1));
      if (process.source != ProcessSource::noise) {
        CHECK(shown.of_state * (state.target + state.source) + shown.of_source == doctest::Approx(0));
      }
    }
  }
}

TEST_CASE("a process ends at the target and begins without it") {
  for (const Process& process : processes()) {
    CAPTURE(process.text());
    const Mixture end = process.state(1), begin = process.state(0);
    CHECK(end.target == doctest::Approx(1).epsilon(1e-12));
    CHECK(end.source == doctest::Approx(0));
    CHECK(end.noise == doctest::Approx(0));
    CHECK(std::abs(begin.target) < 0.01);
    if (process.kind == ProcessKind::bridge) CHECK(begin.noise == 0);
    if (process.kind == ProcessKind::diffusion) CHECK(begin.noise == doctest::Approx(1).epsilon(1e-4));
  }
}

TEST_CASE("a step with the true target leads from state to state") {
  // Mean and variance of the state, given target and source, are those of the later time.
  const double y = 0.7, s = -0.2;
  for (const Process& process : processes()) {
    CAPTURE(process.text());
    for (const auto& [from, to] : std::vector<std::pair<double, double>>{{0, 0.3}, {0.3, 0.9}, {0.5, 1.0}, {0, 1}}) {
      const Process::Step step = process.step(from, to);
      const Mixture now = process.state(from), then = process.state(to);
      const double mean = step.of_state * mixed(now, y, s, 0) + step.of_estimate * y;
      CHECK(mean == doctest::Approx(mixed(then, y, s, 0)).epsilon(1e-9));
      const double variance = std::pow(step.of_state * now.noise, 2) + std::pow(step.of_noise, 2);
      CHECK(variance == doctest::Approx(std::pow(then.noise, 2)).epsilon(1e-9));
    }
  }
}

TEST_CASE("the bridge has the variances of its paper's steps") {
  Process bridge;
  bridge.kind = ProcessKind::bridge;
  bridge.source = ProcessSource::input;
  // 1000 steps, square roots from 1e-4 to 0.3 / 1000 in even steps, the first half and its mirror image, summed here.
  const int steps = 1000;
  std::vector<double> beta(steps);
  for (int n = 0; n < steps; ++n) {
    const int mirrored = n < steps / 2 ? n : steps - 1 - n;
    const double root = std::sqrt(1e-4) + (std::sqrt(0.3 / 1000) - std::sqrt(1e-4)) * mirrored / (steps - 1);
    beta[static_cast<std::size_t>(n)] = root * root;
  }
  double to_target = 0, all = 0;
  for (int n = 0; n < steps; ++n) {
    all += beta[static_cast<std::size_t>(n)];
    if (n < 250) to_target += beta[static_cast<std::size_t>(n)];
  }
  const Mixture state = bridge.state(0.75);
  CHECK(state.source == doctest::Approx(to_target / all).epsilon(2e-3));
  CHECK(state.noise == doctest::Approx(std::sqrt(to_target * (all - to_target) / all)).epsilon(2e-3));
}

TEST_CASE("noise volumes of a synthesis") {
  const auto all = processes();
  CHECK(all[0].noise_channels(25) == 1);   // flow from noise
  CHECK(all[1].noise_channels(25) == 1);   // from an image and noise
  CHECK(all[3].noise_channels(25) == 24);  // bridge
  CHECK(all[4].noise_channels(25) == 0);   // its mean
  CHECK(all[5].noise_channels(25) == 1);   // diffusion
}

TEST_CASE("a process is told and read again") {
  for (const Process& process : processes()) {
    CHECK(Process::from_json(process.json()).json() == process.json());
    CHECK(Process::from_json(process.json()).text() == process.text());
  }
  CHECK_THROWS_AS(Process::from_json({{"kind", "bridge"}, {"source", "noise"}, {"evaluations", 4}}), Error);
  CHECK_THROWS_AS(Process::from_json({{"kind", "flow"}, {"source", "noise"}, {"evaluations", 0}}), Error);
  CHECK_THROWS_AS(Process::from_json({{"kind", "walk"}, {"source", "noise"}, {"evaluations", 4}}), Error);
}
