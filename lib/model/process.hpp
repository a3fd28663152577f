// Processes that lead from a source to the target in several evaluations of one network: flow matching, the diffusion
// bridge, and diffusion. All that they are is numbers: a state is a mixture of target, source and standard normal
// noise, and a step of a synthesis is a mixture of the state, an estimate of the target and noise. Training
// (train/process_method.hpp) and synthesis (synth/process_sampler.hpp) take the numbers from here.
//
//   flow       z_t = t y + (1 - t) z_0 (Lipman et al. 2023, arXiv 2210.02747; Liu et al. 2023, arXiv 2209.03003). z_0
//              is noise, or an image plus noise; with a regression's output it is the posterior-mean rectified flow
//              (Ohayon et al. 2025, arXiv 2410.00418)
//   bridge     the image-to-image Schroedinger bridge (Liu et al. 2023, arXiv 2302.05872): x_t from the bridge between
//              y and the source; its posterior is drawn from, or its mean followed
//   diffusion  variance-preserving: x = alpha y + sigma e (Salimans & Ho 2022, arXiv 2202.00512); its steps are those
//              of DDIM (Song et al. 2021, arXiv 2010.02502)
//
// The papers learn the velocity y - z_0, (x_t - y) / sigma_t, and alpha e - sigma y. Given the state, each of them is
// the target times a number of the time plus what is known, so they differ by the weights of times alone. Here the
// network learns, in all of them, what the best linear predictor of the target from state and source leaves, in units
// of its standard deviation (after Karras et al. 2022, arXiv 2206.00364, section 5), so that no network has to learn to
// take out noise that it is shown, and no time outweighs another.
//
// Time runs from 0, the source, to 1, the target, in all of them. Images are in units of the network, [-1, 1].
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "io/json.hpp"
#include "sys/names.hpp"

namespace gdm::model {

enum class ProcessKind { flow, bridge, diffusion };
/// What a process begins with: noise, the first input, or what a regression makes of the inputs.
enum class ProcessSource { noise, input, regression };
/// Noise levels of a diffusion: sigma = cos(pi t / 2) (Nichol & Dhariwal 2021, arXiv 2102.09672, without their offset),
/// or a beta that falls linearly from 20 to 0.1 (Song et al. 2021, arXiv 2011.13456, appendix C).
enum class NoiseSchedule { cosine, linear };
/// How a flow is integrated: one evaluation a step, or two (second order).
enum class Solver { euler, heun };

/// a y + b s + c e: shares of target, source and noise.
struct Mixture {
  double target = 0, source = 0, noise = 0;
};

struct Process {
  ProcessKind kind = ProcessKind::flow;
  ProcessSource source = ProcessSource::noise;
  double source_noise = 0;     ///< of a flow from an image: standard deviation of what is added to it
  double bridge_beta = 0.3;    ///< of a bridge, the paper's beta_max: its noise is widest in the middle, .19 for .3
  bool bridge_is_ode = false;  ///< a bridge without noise, from image to image along the mean
  NoiseSchedule schedule = NoiseSchedule::cosine;
  std::int64_t evaluations = 10;  ///< of the network for one image, unless a synthesis is told otherwise
  double spread = 0.5;            ///< standard deviation of the target about the source, about 0 without one

  /// The state at a time in [0, 1].
  Mixture state(double time) const;

  struct Estimate {
    double of_state = 0, of_source = 0, of_output = 0;
  };
  /// The target, as state, source and network's output tell it: the best linear predictor for a target that is normal
  /// about the source, and its standard deviation for the network's part. Of a process without noise, whose states lie
  /// between source and target, it is the state and, for the network, what is left of the way.
  Estimate estimate(double time) const;

  struct Shown {
    double of_state = 0, of_source = 0;
  };
  /// What the network is shown of the state: its way from the source, about as wide as standard normal noise.
  Shown shown(double time) const;

  struct Step {
    double of_state = 0, of_estimate = 0, of_noise = 0;
  };
  /// From one time to a later one; from >= 0, to <= 1.
  Step step(double from, double to) const;

  /// Whether the state at time 0 holds noise.
  bool begins_with_noise() const { return state(0).noise > 0; }
  /// Whether any state does.
  bool has_noise() const { return kind == ProcessKind::bridge ? !bridge_is_ode : begins_with_noise(); }
  /// Whether steps but the last add noise.
  bool steps_are_noisy() const { return kind == ProcessKind::bridge && !bridge_is_ode; }
  /// Volumes of noise that a synthesis of so many steps takes.
  std::int64_t noise_channels(std::int64_t steps) const {
    return (begins_with_noise() ? 1 : 0) + (steps_are_noisy() ? steps - 1 : 0);
  }
  /// Inputs of the network behind the conditions: the state, and the source where that is no condition.
  std::int64_t own_channels() const { return source == ProcessSource::regression ? 2 : 1; }

  Json json() const;
  /// Throws Error for what json() does not write.
  static Process from_json(const Json& json);
  /// "flow from noise, 10 evaluations".
  std::string text() const;

 private:
  /// Variances of a bridge between the target and a time, and between that time and the source.
  struct BridgeVariances {
    double to_target = 0, to_source = 0;
  };
  BridgeVariances bridge(double time) const;
  /// Of a diffusion.
  struct Levels {
    double alpha = 0, sigma = 0;
  };
  Levels levels(double time) const;
};

/// Width of the vector that tells a network the time, and of its sinusoidal beginning.
constexpr std::int64_t time_width = 128, time_sinusoids = 64;

}  // namespace gdm::model

namespace gdm {

template <>
struct Names<model::ProcessKind> {
  static constexpr std::array list{std::pair{model::ProcessKind::flow, "flow"},
                                   std::pair{model::ProcessKind::bridge, "bridge"},
                                   std::pair{model::ProcessKind::diffusion, "diffusion"}};
};

template <>
struct Names<model::ProcessSource> {
  static constexpr std::array list{std::pair{model::ProcessSource::noise, "noise"},
                                   std::pair{model::ProcessSource::input, "input"},
                                   std::pair{model::ProcessSource::regression, "regression"}};
};

template <>
struct Names<model::NoiseSchedule> {
  static constexpr std::array list{std::pair{model::NoiseSchedule::cosine, "cosine"},
                                   std::pair{model::NoiseSchedule::linear, "linear"}};
};

template <>
struct Names<model::Solver> {
  static constexpr std::array list{std::pair{model::Solver::euler, "euler"}, std::pair{model::Solver::heun, "heun"}};
};

}  // namespace gdm
