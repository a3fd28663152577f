// Fidelity of several draws of one input to its one target. A mean error per draw is least when all draws are the same;
// these scores are least when the draws are spread as the truth is.
#pragma once

#include "nn/tensor.hpp"

namespace gdm::objective {

using torch::Tensor;

/// Part of the scores' spread term that is free of bias for few draws. At 1 two draws on either side of the target
/// score 0 however far apart they are (Lang et al. 2024, arXiv 2412.15832, section 2.2); the rest keeps them together.
constexpr double fair_part = 0.95;
/// Edge in voxels of the blocks of energy_score().
constexpr std::int64_t energy_block = 4;

/// Mean over voxels of the continuous ranked probability score, and over blocks of 4^3 of the energy score whose
/// distance is the root mean square within a block, half each; both of the ensemble of K draws x:
///   mean_k |x_k - y| - c / 2 sum_{k != l} |x_k - x_l|,  c = fair_part / (K (K - 1)) + (1 - fair_part) / K^2
/// (Gneiting & Raftery 2007, JASA 102:359, equations 20 and 22; with c = 1 / (K (K - 1)) it is fair: Ferro 2014, QJRMS
/// 140:1917, equation 7). In the units of the volumes. Voxels at the upper ends of axes that fill no block count by
/// themselves alone; axes shorter than a block are one block.
/// draws: (B, K, D, H, W), K >= 2; target and weight: (B, 1, D, H, W), weight > 0. Returns one element with a graph.
Tensor energy_score(const Tensor& draws, const Tensor& target, const Tensor& weight);

}  // namespace gdm::objective
