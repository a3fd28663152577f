// What tells real from generated patches in an adversarial training.
#pragma once

#include <vector>

#include "nn/modules.hpp"

namespace gdm::nn {

/// A patch discriminator (Isola et al. 2017, arXiv 1611.07004, section 3.2.2) in three dimensions: convolutions of 4^3
/// with leaky ReLU of 0.2, three of stride 2 and two of stride 1, widths `width` times 1, 2, 4, 8, 1, instance
/// normalisation between them but after the first and the last. One output sees a cube of 70 voxels.
struct PatchDiscriminatorImpl : torch::nn::Module {
  explicit PatchDiscriminatorImpl(std::int64_t inputs, std::int64_t width = 32);
  /// (B, inputs, D, H, W), at least least_edge voxels along each axis -> (B, 1, d, h, w) scores, more is more real.
  Tensor forward(const Tensor& volumes);

  static constexpr std::int64_t least_edge = 24;
  std::vector<torch::nn::Conv3d> convolutions;
};
TORCH_MODULE(PatchDiscriminator);

}  // namespace gdm::nn
