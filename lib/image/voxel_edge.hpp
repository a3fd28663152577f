// Whether features and models that know voxels of some sizes may be given another: the one limit.
#pragma once

namespace gdm {

/// Finer than the least or coarser than the largest by more than this factor, the same anatomy looks different to a
/// network. An edge is the geometric mean of a voxel's three (Grid::mean_edge_mm).
constexpr double edge_tolerance = 1.25;

inline bool edge_fits(double edge_mm, double least_mm, double largest_mm) {
  return edge_mm * edge_tolerance >= least_mm && edge_mm <= largest_mm * edge_tolerance;
}

}  // namespace gdm
