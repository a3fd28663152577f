// Whether two volumes lie on one grid, and how their grids differ where they do not.
//
// Files of one case come from several programs, which round spacings and origins differently; a fraction of a voxel is
// no other grid, and half of one is. What counts is therefore the distance of the corners in voxels, whatever the voxel
// size. The limit is one for the whole process, since every part of a run must judge alike.
#pragma once

#include <string>

#include "image/volume.hpp"

namespace gdm {

/// Corners that lie farther apart than this make two grids; 0.05 unless --grid-tolerance says otherwise.
double grid_tolerance_voxels();
void set_grid_tolerance_voxels(double voxels);

/// Same shape and no corner farther apart than the tolerance. Transform codes do not matter.
bool same_grid(const Grid& a, const Grid& b);

/// How far the corners of two grids of one shape lie apart at most: in voxels of `expected`, along the axis where it is
/// most, and in mm. Throws Error for other shapes.
struct CornerDistance {
  double voxels = 0, mm = 0;
};
CornerDistance corner_distance(const Grid& found, const Grid& expected);

/// What differs and by how much, for messages: "the first voxel lies 15 mm off (15, 0, 0 mm to R, A, S); corners are up
/// to 7.5 voxels (15 mm) apart". Shape, orientation, spacing, direction and position are named as far as each matters.
std::string grid_difference(const Grid& found, const Grid& expected);

/// Throws Error "WHAT is on another grid than WHOSE: " with grid_difference() and how to go on unless same_grid();
/// warns if corners lie more than 0.01 voxel apart. `what` begins with the file's name where there is a file.
void require_same_grid(const Grid& found, const std::string& what, const Grid& expected, const std::string& whose);

}  // namespace gdm
