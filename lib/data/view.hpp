// How an encoder sees a patch: a crop of it, turned and flipped.
#pragma once

#include <array>

#include "model/patch_shape.hpp"
#include "nn/tensor.hpp"

namespace gdm::data {

using torch::Tensor;

/// Random change of view before the encoder, the same for predicted and real patch, so that neither position nor
/// orientation on the encoder's sampling grid can be exploited.
struct View {
  std::array<std::int64_t, 3> offset{};  ///< first voxel of the crop along D, H, W
  std::int64_t size = 0;                 ///< edge of the cubic crop
  std::array<bool, 3> flip{};
  std::array<std::int64_t, 3> order{0, 1, 2};  ///< permutation of D, H, W

  /// `size` is at most that of the patch along each axis.
  static View random(const model::PatchShape& patch, std::int64_t size, at::Generator& generator);
  /// (B, C, D, H, W) -> (B, C, size, size, size); differentiable.
  Tensor apply(const Tensor& x) const;
};

}  // namespace gdm::data
