// Volumes on voxels of another size that fill the same field: images by what their voxels cover, label maps and masks
// by what covers most of them. Both weigh by exact shares of volume, so that a mask's edge is where the image's is: a
// mask drawn at half height from an image stays so.
#pragma once

#include <array>
#include <cstdint>

#include "nn/tensor.hpp"

namespace gdm::nn {

using Extent = std::array<std::int64_t, 3>;  ///< along D, H, W

/// x (C, D, H, W) float32, finite -> (C, *size) float32: the mean over what each new voxel covers, old voxels weighed
/// by the part of it that they fill. Linear ramps stay as they are where voxels grow, but for the outermost ones.
Tensor area_mean(const Tensor& x, const Extent& size);

/// x (1, D, H, W) on the CPU, values that float32 holds -> (1, *size) of the same type: the value that fills most of
/// each new voxel; of equal parts the larger one, so that the patient goes before air and a label before none. The
/// nearest voxel alone would have to choose one of two that are equally near at a ratio of 2, 4, ..., and so move all
/// edges the same way, by a quarter of a new voxel at 2.
Tensor majority(const Tensor& x, const Extent& size);

}  // namespace gdm::nn
