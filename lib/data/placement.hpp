// Where patches lie: the one rule by which trainings and banks place them. Features of both must come from the same
// distribution, or a generator whose volumes are real is pushed away from them.
#pragma once

#include <array>
#include <cstdint>

#include "model/patch_shape.hpp"
#include "nn/tensor.hpp"
#include "sys/random.hpp"

namespace gdm::data {

using torch::Tensor;

/// Flat indices (N) int64 of the voxels inside a mask (1, D, H, W), evenly thinned to at most 65536.
Tensor foreground_indices(const Tensor& mask);

/// The first voxel of a patch along an axis, moved into the volume; in the middle of an axis that is shorter.
std::int64_t moved_inside(std::int64_t start, std::int64_t extent, std::int64_t patch);

/// First voxel (D, H, W) of a patch: around a random voxel of `foreground`, shifted by up to a
/// quarter of the patch along each axis, then moved into the volume. Along an axis shorter than the patch it is
/// centred, and begins before the volume.
std::array<std::int64_t, 3> draw_patch_start(const Tensor& foreground, const std::array<std::int64_t, 3>& shape_dhw,
                                             const model::PatchShape& patch, Random& random);

}  // namespace gdm::data
