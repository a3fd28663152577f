// Features of a predicted patch beside those of the real one: what every objective in feature space compares.
#pragma once

#include <vector>

#include "bank/levels.hpp"
#include "objective/output_objective.hpp"

namespace gdm::objective {

using torch::Tensor;

struct FeaturePair {
  /// One map for each tap, (V B, C, D / stride, ...) for V views of B patches; those of the prediction carry a graph
  /// back to its voxels.
  std::vector<Tensor> predicted, real;
  Tensor mask;  ///< (V B, 1, D, H, W) of the same views, 1 inside, in the host's memory
};

/// How patches are seen.
struct Seeing {
  std::int64_t size = 0;            ///< edge of the random view (View::random) in voxels
  std::size_t taps = nn::all_taps;  ///< of the encoder, so many of the finest
  nn::HuMap units;                  ///< of the patches
  double edge_mm = 0;               ///< mean voxel edge of the patches; 0: not known
  bool bfloat16 = false;            ///< the encoder computes in bf16; its maps are fp32 all the same
};

/// How many views a patch is seen in: one of a cube. A slab is as many times larger than the cube of its thinnest axis,
/// which is as much as a view can see of it.
std::int64_t view_count(const model::PatchShape& patch);

/// Prediction and target, air outside the mask, through the same random views and then the encoder. Gradients flow to
/// the prediction inside the mask.
FeaturePair feature_pair(const nn::FrozenEncoder& encoder, const OutputPatch& patch, const Seeing& seeing,
                         at::Generator& generator);

/// Feature-matching loss between a patch and its own target: for each tap the mean absolute difference over the cells
/// inside the patient, in units of the real features' mean absolute deviation in these cells, so that all taps count
/// alike; then the mean over taps. Cells count if at least half of them is inside. Undefined if none is.
Tensor perceptual_loss(const FeaturePair& pair);

}  // namespace gdm::objective
