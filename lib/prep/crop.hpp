// Boxes of voxels that are cut out, without a change to any voxel.
#pragma once

#include "image/volume.hpp"

namespace gdm::prep {

/// From `first` for as many voxels as `shape_ijk` says.
struct VoxelBox {
  Index3 first{0, 0, 0}, shape_ijk{0, 0, 0};
};

/// The box around the mask with this margin on each side, within the grid. Throws Error if the mask is empty.
VoxelBox box_around(const Mask& mask, double margin_mm);

/// The grid of the box; its voxels stay where they are in the world.
Grid cropped(const Grid& grid, const VoxelBox& box);
/// Throws Error if the box is not within the grid.
Volume cropped(const Volume& volume, const VoxelBox& box);

}  // namespace gdm::prep
