// Distances from the nearest voxel of a set, as far as they matter. (metrics/surface.hpp tells which voxels lie within
// one distance of a surface and how far two surfaces are apart; here several distances are asked of one set, at a
// fraction of the time.)
#pragma once

#include <cstdint>
#include <vector>

#include "image/volume.hpp"

namespace gdm::phantom {

/// Squared distance in mm^2 from each voxel's centre to that of the nearest voxel that is not 0 in `set` (grid.voxels()
/// values), with the grid's spacing and its axes taken as orthogonal; reach_mm^2 where that is less. Exact, by one axis
/// after the other (Saito & Toriwaki 1994, Pattern Recognition 27:1551-1565).
Voxels<float> squared_distances(const std::vector<std::uint8_t>& set, const Grid& grid, double reach_mm);

}  // namespace gdm::phantom
