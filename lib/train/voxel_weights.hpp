// What voxels count in a fidelity loss.
#pragma once

#include "nn/tensor.hpp"

namespace gdm::train {

constexpr double background_weight = 0.05;

/// float32 of the shape of `mask`: 1 inside the patient, background_weight outside.
inline torch::Tensor voxel_weights(const torch::Tensor& mask) {
  return mask.to(torch::kFloat32) * (1 - background_weight) + background_weight;
}

}  // namespace gdm::train
