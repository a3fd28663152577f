// Volumes as tensors, and patches of them.
#pragma once

#include <array>
#include <utility>

#include "image/orientation.hpp"
#include "model/patch_shape.hpp"
#include "nn/tensor.hpp"

namespace gdm::nn {

/// How every volume lies that a network sees: i to the right, j to anterior, k to superior, so that the axes of a
/// tensor (D, H, W) point to superior, anterior and right.
constexpr const char* network_orientation = "RAS";

/// The image with its axes turned that way; nothing is interpolated.
template <class T>
Image<T> turned_for_network(Image<T> image) {
  return image.grid.orientation() == network_orientation ? std::move(image) : reoriented(image, network_orientation);
}

/// A volume's voxels as a tensor (D, H, W) = (nk, nj, ni). Shares the volume's memory, which must outlive it.
Tensor tensor_of(const Volume& volume);
/// The same for a mask, uint8.
Tensor tensor_of(const Mask& mask);
/// (D, H, W) on any device -> volume on `grid`.
Volume volume_of(const Tensor& tensor, const Grid& grid);

/// Whether no value is NaN or infinite, without a copy of them.
bool all_finite(const Tensor& values);

constexpr double air_units = -1.0;  ///< the lower end of a HuMap, which stands for air

/// Volumes or patches in units of a HuMap with air wherever the mask, of the same or a broadcast shape, is 0: features
/// see a patient and nothing of what lies around, as banks and distances do.
Tensor air_outside(const Tensor& image, const Tensor& mask);

/// x (..., D, H, W) with its last three axes in another order: new axis n is old axis order[n], backwards if so marked.
/// Contiguous.
Tensor with_turned_axes(const Tensor& x, const std::array<std::int64_t, 3>& order, const std::array<bool, 3>& backward);

/// First voxel of a patch along D, H, W; patches may reach out of a volume at both ends.
using PatchStart = std::array<std::int64_t, 3>;

/// What of a volume (..., D, H, W) and of a patch (..., D, H, W) that begins there lie on one another; views, both
/// undefined if nothing does.
struct Overlap {
  Tensor of_volume, of_patch;
};
Overlap overlap(const Tensor& volume, const Tensor& patch, const PatchStart& start_dhw);

/// A patch of (C, D, H, W), with `fill` outside.
Tensor cut_patch(const Tensor& volume, const PatchStart& start_dhw, const model::PatchShape& patch, double fill);

}  // namespace gdm::nn
