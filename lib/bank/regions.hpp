// Places of a volume, one by one: patches that cover a patient evenly, where a bank draws them at random, and numbers
// of theirs as a volume.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "nn/volume_tensors.hpp"

namespace gdm::bank {

using torch::Tensor;

using nn::PatchStart;

/// Cubes of `edge` voxels, half an edge apart, so that each voxel of the mask (1, D, H, W) lies in the middle half of
/// one, which is where data::draw_patch_start() has its voxel; moved into the volume as there. Rising.
std::vector<PatchStart> covering_patches(const Tensor& mask, std::int64_t edge);

/// (D, H, W) float32 of this size: at each voxel the mean of the values of the patches that hold it, weighed by how
/// near their centres are along each axis (1 there, 0 half an edge away, if no patch was moved). 0 where there is none.
Tensor interpolated(const std::vector<PatchStart>& starts, const std::vector<double>& values, std::int64_t edge,
                    const std::array<std::int64_t, 3>& size_dhw);

}  // namespace gdm::bank
