// Features of a predicted window beside those of the real one: what every objective in feature space compares.
#pragma once

#include <vector>

#include "drift/levels.hpp"

namespace gdm::drift {

struct FeaturePair {
  /// One map for each tap, (B, C, D / stride, ...); those of the prediction carry a graph back to its voxels.
  std::vector<Tensor> predicted, real;
  Tensor mask;  ///< (B, 1, D, H, W) of the same view, 1 inside
};

/// Both windows (B, 1, D, H, W), in `units`, through the same random view (View::random) of `size` voxels and then the
/// encoder; edge_mm is the voxels' mean edge. Gradients flow to `predicted`.
FeaturePair feature_pair(const nn::FrozenEncoder& encoder, const Tensor& predicted, const Tensor& target,
                         const Tensor& mask, std::int64_t size, const nn::HuMap& units, double edge_mm,
                         at::Generator& generator);

/// Feature-matching loss between a window and its own target: for each tap the mean absolute difference over the cells
/// inside the patient, in units of the real features' mean absolute deviation in these cells, so that all taps count
/// alike; then the mean over taps. Cells count if at least half of them is inside. Undefined if none is.
Tensor perceptual_loss(const FeaturePair& pair);

}  // namespace gdm::drift
