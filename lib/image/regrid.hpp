// Volumes on the grid of another one, wherever the two lie: each voxel of the new grid gets the value at its own world
// position. (Tensors on voxels of another size that fill the same field: nn/resample.hpp.)
#pragma once

#include <cstdint>
#include <vector>

#include "image/volume.hpp"

namespace gdm {

enum class Interpolation {
  linear,
  cubic  ///< Keys 1981, a = -1/2: through the voxels, 4 along each axis, so it may overshoot at edges
};

struct RegridOptions {
  Interpolation interpolation = Interpolation::linear;
  /// Where an axis of the new grid makes longer steps than the old voxels are, the mean over N points evenly spread in
  /// the new voxel instead of the value at its centre, N the next whole number of the ratio: the mean over what the
  /// voxel covers (exactly so where N old voxels fill it). Points outside the field do not count.
  bool average = false;
  /// Values beyond the least and the largest finite voxel of the volume, to which cubic may overshoot, become these.
  bool bounded = false;
};

struct Regridded {
  Volume volume;
  std::int64_t outside = 0;  ///< voxels whose centre lies outside the field of the original; they hold the fill value
};

/// Images. The field reaches half a voxel beyond the outermost voxel centres; there the border voxel holds. Voxels that
/// coincide keep their values bit for bit, and linear ramps stay as they are inside the outermost centres. Non-finite
/// voxels spread to their neighbours. Throws Error for a singular affine.
Regridded regrid(const Volume& volume, const Grid& grid, float fill, const RegridOptions& options = {});

/// Where the voxels of a grid take their values instead of at their own positions, as a deformation has it.
struct Displacement {
  Grid grid;
  std::vector<float> ras_mm;  ///< x, y, z for each voxel, i fastest: what is added to its position
};

/// As above, with each voxel of displacement.grid looked up where the displacement sends it.
Regridded regrid(const Volume& volume, const Displacement& displacement, float fill, const RegridOptions& options = {});
Regridded regrid_labels(const Volume& labels, const Displacement& displacement, float fill = 0.0F);

/// Label maps and masks: the value of the nearest voxel; where the new voxels are larger, the one that most points in
/// the new voxel have. Of equal parts and equally near voxels the larger value, so that no axis direction is preferred.
Regridded regrid_labels(const Volume& labels, const Grid& grid, float fill = 0.0F);

/// The least finite voxel, which is what images of no fixed scale have outside their field; 0 if there is none.
float least_finite(const Volume& volume);

/// The field of `grid` in voxels of another size along its axes i, j, k: the same centre and directions, and as many
/// voxels as cover it (none is added for less than a hundredth of a voxel). Throws Error (Exit::usage) if that is more
/// than 32767 along an axis.
Grid respaced(const Grid& grid, const Point3& spacing_mm);

}  // namespace gdm
