#include "model/process.hpp"

#include <fmt/format.h>

#include <cmath>

#include "sys/angle.hpp"
#include "sys/error.hpp"

namespace gdm::model {
namespace {

constexpr double half_pi = pi / 2;
constexpr double bridge_steps = 1000,
                 bridge_least_beta = 1e-4;  // of the paper's code: square roots of beta rise linearly
constexpr double linear_least_beta = 0.1, linear_largest_beta = 20;

/// The paper's 1000 steps as an integral over [0, distance], distance <= 1/2: beta = (a + b u)^2 a step.
double half_bridge(double distance, double beta_max) {
  const double a = std::sqrt(bridge_least_beta), b = std::sqrt(beta_max / bridge_steps) - a;
  const double u = distance;
  return bridge_steps * u * (a * a + a * b * u + b * b * u * u / 3);
}

}  // namespace

Process::BridgeVariances Process::bridge(double time) const {
  const double half = half_bridge(0.5, bridge_beta);
  // The second half of the steps mirrors the first.
  const auto up_to = [&](double distance) {
    return distance <= 0.5 ? half_bridge(distance, bridge_beta) : 2 * half - half_bridge(1 - distance, bridge_beta);
  };
  return {up_to(1 - time), up_to(time)};
}

Process::Levels Process::levels(double time) const {
  if (schedule == NoiseSchedule::cosine) return {std::sin(half_pi * time), std::cos(half_pi * time)};
  const double left = 1 - time;
  const double beta = left * (linear_least_beta + 0.5 * (linear_largest_beta - linear_least_beta) * left);
  return {std::exp(-0.5 * beta), std::sqrt(-std::expm1(-beta))};
}

Mixture Process::state(double time) const {
  if (kind == ProcessKind::flow) {
    const bool image = source != ProcessSource::noise;
    return {time, image ? 1 - time : 0.0, (1 - time) * (image ? source_noise : 1.0)};
  }
  if (kind == ProcessKind::diffusion) {
    const Levels at = levels(time);
    return {at.alpha, 0.0, at.sigma};
  }
  const auto [to_target, to_source] = bridge(time);
  const double all = to_target + to_source;
  return {to_source / all, to_target / all, bridge_is_ode ? 0.0 : std::sqrt(to_target * to_source / all)};
}

Process::Estimate Process::estimate(double time) const {
  const Mixture at = state(time);
  if (!has_noise()) return {1.0, 0.0, at.source * spread};
  const double known = at.target * at.target * spread * spread, noise = at.noise * at.noise;
  // At its source a bridge has no noise yet, and the state says nothing of the target.
  const double all = known + noise, gain = all > 1e-20 ? at.target * spread * spread / all : 0.0;
  const double left = all > 1e-20 ? noise / all : 1.0;
  const bool from_noise = source == ProcessSource::noise;
  return {gain, from_noise ? 0.0 : 1 - gain * (at.target + at.source), spread * std::sqrt(left)};
}

Process::Shown Process::shown(double time) const {
  const Mixture at = state(time);
  const double width = std::sqrt(spread * spread + at.noise * at.noise);
  return {1 / width, source == ProcessSource::noise ? 0.0 : -(at.target + at.source) / width};
}

Process::Step Process::step(double from, double to) const {
  if (kind == ProcessKind::flow) {
    const double part = (to - from) / (1 - from);
    return {1 - part, part, 0.0};
  }
  if (kind == ProcessKind::diffusion) {
    const Levels now = levels(from), then = levels(to);
    const double kept = then.sigma / now.sigma;
    return {kept, then.alpha - kept * now.alpha, 0.0};
  }
  const double now = bridge(from).to_target, then = bridge(to).to_target, passed = now - then;
  return {then / now, passed / now, bridge_is_ode ? 0.0 : std::sqrt(then * passed / now)};
}

Json Process::json() const {
  Json json{{"kind", name_of(kind)}, {"source", name_of(source)}, {"evaluations", evaluations}, {"spread", spread}};
  if (kind == ProcessKind::flow && source != ProcessSource::noise) json["source_noise"] = source_noise;
  if (kind == ProcessKind::bridge) {
    json["beta"] = bridge_beta;
    json["ode"] = bridge_is_ode;
  }
  if (kind == ProcessKind::diffusion) json["schedule"] = name_of(schedule);
  return json;
}

Process Process::from_json(const Json& json) {
  const Error impossible("impossible process: " + json.dump());
  Process process;
  try {
    process.kind = value_named<ProcessKind>(json.at("kind").get<std::string>());
    process.source = value_named<ProcessSource>(json.at("source").get<std::string>());
    process.schedule = value_named<NoiseSchedule>(json.value("schedule", "cosine"));
  } catch (const Error&) {  // whose exit class is that of a wrong command line
    throw impossible;
  }
  process.evaluations = json.at("evaluations").get<std::int64_t>();
  process.spread = json.value("spread", 0.0);
  process.source_noise = json.value("source_noise", 0.0);
  process.bridge_beta = json.value("beta", process.bridge_beta);
  process.bridge_is_ode = json.value("ode", false);
  const bool from_noise = process.source == ProcessSource::noise;
  const bool fits = process.kind == ProcessKind::flow || from_noise == (process.kind == ProcessKind::diffusion);
  const bool positive =
      process.source_noise >= 0 && process.spread > 0 && process.bridge_beta > 0 && process.evaluations >= 1;
  if (!fits || !positive || process.evaluations > 1000) throw impossible;
  return process;
}

std::string Process::text() const {
  std::string text = name_of(kind);
  if (kind == ProcessKind::diffusion) text += ", " + name_of(schedule) + " schedule";
  if (kind == ProcessKind::bridge && bridge_is_ode) text += " without noise";
  static constexpr std::array from{"noise", "the first input", "a regression's output"};
  text += std::string(" from ") + from.at(static_cast<std::size_t>(source));
  if (kind == ProcessKind::flow && source != ProcessSource::noise) text += fmt::format(" + {:.3g} noise", source_noise);
  return text + fmt::format(", {} {}", evaluations, evaluations == 1 ? "evaluation" : "evaluations");
}

}  // namespace gdm::model
