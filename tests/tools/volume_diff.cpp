// For tests where equal values are the point and not equal bytes: the difference of two NIfTI volumes.
//   volume-diff A B [TOLERANCE]
// prints one line: the largest and the mean absolute difference, and the voxel where it is largest. Exit 0 if the
// largest is at most TOLERANCE (default 0) and the grids are the same, 1 if not or if a file cannot be read, 2 for a
// wrong call. Two values that are not finite are equal if they are the same one.
#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "image/grid_match.hpp"
#include "io/nifti/nifti.hpp"

namespace {

double distance(float a, float b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  const double d = std::abs(static_cast<double>(a) - b);
  return std::isnan(d) ? HUGE_VAL : d;
}

int compare(const std::string& path_a, const std::string& path_b, double tolerance) {
  const gdm::Volume a = gdm::read_volume(path_a), b = gdm::read_volume(path_b);
  if (!gdm::same_grid(a.grid, b.grid)) {
    fmt::print("{} and {}: {}\n", path_a, path_b, gdm::grid_difference(a.grid, b.grid));
    return 1;
  }
  double largest = 0, sum = 0;
  std::size_t where = 0;
  for (std::size_t n = 0; n < a.voxels.size(); ++n) {
    const double d = distance(a.voxels[n], b.voxels[n]);
    sum += d;
    if (d > largest) largest = d, where = n;
  }
  const auto ni = static_cast<std::size_t>(a.grid.shape_ijk[0]), nj = static_cast<std::size_t>(a.grid.shape_ijk[1]);
  fmt::print("{} and {}: largest difference {:.9g} at voxel ({}, {}, {}): {:.9g} and {:.9g}; mean {:.9g}\n", path_a,
             path_b, largest, where % ni, where / ni % nj, where / ni / nj, a.voxels[where], b.voxels[where],
             sum / static_cast<double>(a.voxels.size()));
  return largest <= tolerance ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  char* end = nullptr;
  const double tolerance = argc == 4 ? std::strtod(argv[3], &end) : 0;
  if (argc < 3 || argc > 4 || (argc == 4 && (end == argv[3] || *end != '\0' || !(tolerance >= 0)))) {
    std::fputs("usage: volume-diff A B [TOLERANCE]\n", stderr);
    return 2;
  }
  try {
    return compare(argv[1], argv[2], tolerance);
  } catch (const std::exception& error) {
    fmt::print(stderr, "volume-diff: {}\n", error.what());
    return 1;
  }
}
