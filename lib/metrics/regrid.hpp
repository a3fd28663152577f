// A volume on the grid of another one.
#pragma once

#include <cstdint>

#include "image/volume.hpp"

namespace gdm::metrics {

struct Regridded {
  Volume volume;
  std::int64_t outside = 0;  ///< voxels whose centre lies outside the field of the original; they hold the fill value
};

/// Trilinear interpolation at the voxel centres of `grid`. The field reaches half a voxel beyond the outermost voxel
/// centres; there the border voxel holds. Non-finite voxels spread to their neighbours. Throws Error for a singular
/// affine.
Regridded regrid(const Volume& volume, const Grid& grid, float fill);

}  // namespace gdm::metrics
