// What the options of a training choose between, as enums; strings are read into them at the command line.
#pragma once

#include <array>

#include "engine/compute.hpp"
#include "sys/names.hpp"

namespace gdm::engine {

/// What is learnt. Regression alone, or followed by an objective beside it at the predicted volume (gdm: the drift in a
/// bank; frechet: a distance in it; perceptual: features of the own target; gan: a discriminator); or a process of
/// several evaluations (model/process.hpp).
enum class Objective { gdm, perceptual, regression, gan, frechet, flow, bridge, diffusion };

/// What discriminator and generator minimise (objective/adversarial_objective.hpp).
enum class AdversarialLoss { least_squares, hinge };

/// How gradients meet at the predicted volume (objective/coordination.hpp). f is the fidelity's gradient, d one of the
/// others', s its share, n their usual norms.
enum class Coordination {
  fixed,        ///< f + s d: s has the unit of the ratio of two losses
  norm,         ///< f + s (n_f / n_d) d (Defossez et al. 2022, arXiv 2210.13438, section 3.4)
  pcgrad,       ///< fixed, after the part of d that opposes f is removed (Yu et al. 2020, arXiv 2001.06782, one-sided)
  norm_pcgrad,  ///< norm after that projection; to first order fidelity is never opposed
  mgda,         ///< n_f times the shortest convex combination of f / n_f and d / n_d (Desideri 2012); s is not used
  null_space,  ///< norm_pcgrad of what no ray can tell of d (data/scanned_cases.hpp), so realism is asked for where the
               ///< scan is silent
  cagrad       ///< g = f + s (n_f / n_d) d, turned so that no objective does badly (Liu et al. 2021, arXiv 2110.14048)
};

/// Which weights a training writes: the last, or those of the validation with the best Score.
enum class Keep { last, best };

/// Means over the validation cases, inside the mask.
enum class Score { mae, psnr, ssim };

}  // namespace gdm::engine

namespace gdm {

template <>
struct Names<engine::Objective> {
  static constexpr std::array list{std::pair{engine::Objective::gdm, "gdm"},
                                   std::pair{engine::Objective::perceptual, "perceptual"},
                                   std::pair{engine::Objective::regression, "regression"},
                                   std::pair{engine::Objective::gan, "gan"},
                                   std::pair{engine::Objective::frechet, "frechet"},
                                   std::pair{engine::Objective::flow, "flow"},
                                   std::pair{engine::Objective::bridge, "bridge"},
                                   std::pair{engine::Objective::diffusion, "diffusion"}};
};

template <>
struct Names<engine::AdversarialLoss> {
  static constexpr std::array list{std::pair{engine::AdversarialLoss::least_squares, "least-squares"},
                                   std::pair{engine::AdversarialLoss::hinge, "hinge"}};
};

template <>
struct Names<engine::Coordination> {
  static constexpr std::array list{std::pair{engine::Coordination::fixed, "fixed"},
                                   std::pair{engine::Coordination::norm, "norm"},
                                   std::pair{engine::Coordination::pcgrad, "pcgrad"},
                                   std::pair{engine::Coordination::norm_pcgrad, "norm+pcgrad"},
                                   std::pair{engine::Coordination::null_space, "null-space"},
                                   std::pair{engine::Coordination::mgda, "mgda"},
                                   std::pair{engine::Coordination::cagrad, "cagrad"}};
};

template <>
struct Names<engine::Keep> {
  static constexpr std::array list{std::pair{engine::Keep::last, "last"}, std::pair{engine::Keep::best, "best"}};
};

template <>
struct Names<engine::Score> {
  static constexpr std::array list{std::pair{engine::Score::mae, "mae"}, std::pair{engine::Score::psnr, "psnr"},
                                   std::pair{engine::Score::ssim, "ssim"}};
};

}  // namespace gdm
