#include "image/grid_match.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "image/vectors.hpp"
#include "sys/angle.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm {
namespace {

constexpr double noticed_voxels = 0.01;  // beyond it the user hears that two grids were taken for one
double tolerance_voxels = 0.05;

Point3 axis_of(const Grid& grid, std::size_t axis) {
  return {grid.ijk_to_ras_mm[0][axis], grid.ijk_to_ras_mm[1][axis], grid.ijk_to_ras_mm[2][axis]};
}

/// A displacement in voxels of `grid`, along the axis where it is most. NaN stays NaN.
double in_voxels(const Point3& displacement_mm, const Grid& grid) {
  double most = 0;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const Point3 edge = axis_of(grid, axis);
    const double voxels = std::abs(inner(displacement_mm, edge)) / inner(edge, edge);
    if (!(voxels <= most)) most = voxels;
  }
  return most;
}

double angle_deg(const Point3& a, const Point3& b) {
  return std::acos(std::clamp(inner(a, b) / (length(a) * length(b)), -1.0, 1.0)) * 180.0 / pi;
}

/// What would move a corner by more than a tenth of the tolerance is worth a word.
bool matters(double voxels) {
  return !(voxels <= 0.1 * tolerance_voxels);
}

std::vector<std::string> axis_differences(const Grid& found, const Grid& expected) {
  std::vector<std::string> parts;
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const Point3 a = axis_of(found, axis), b = axis_of(expected, axis);
    const auto steps = static_cast<double>(std::max<std::int64_t>(1, expected.shape_ijk[axis] - 1));
    const char name = "ijk"[axis];
    if (matters(std::abs(length(a) - length(b)) * steps / length(b))) {
      parts.push_back(fmt::format("voxels of {:.9g} instead of {:.9g} mm along {}", length(a), length(b), name));
    }
    const Point3 turned = difference({a[0] / length(a), a[1] / length(a), a[2] / length(a)},
                                     {b[0] / length(b), b[1] / length(b), b[2] / length(b)});
    const Point3 moved{turned[0] * length(b) * steps, turned[1] * length(b) * steps, turned[2] * length(b) * steps};
    if (matters(in_voxels(moved, expected))) {
      parts.push_back(fmt::format("axis {} turned by {:.3g} degrees", name, angle_deg(a, b)));
    }
  }
  return parts;
}

}  // namespace

double grid_tolerance_voxels() {
  return tolerance_voxels;
}

void set_grid_tolerance_voxels(double voxels) {
  tolerance_voxels = voxels;
}

CornerDistance corner_distance(const Grid& found, const Grid& expected) {
  if (found.shape_ijk != expected.shape_ijk) throw Error("corners of grids with other numbers of voxels");
  CornerDistance most;
  for (int corner = 0; corner < 8; ++corner) {
    Point3 index{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      index[axis] = (corner >> axis & 1) != 0 ? static_cast<double>(found.shape_ijk[axis] - 1) : 0.0;
    }
    const Point3 apart = difference(found.ras_of_index(index), expected.ras_of_index(index));
    const double voxels = in_voxels(apart, expected), mm = length(apart);
    if (!(voxels <= most.voxels)) most.voxels = voxels;
    if (!(mm <= most.mm)) most.mm = mm;
  }
  return most;
}

bool same_grid(const Grid& a, const Grid& b) {
  constexpr double rounding = 1e-4;  // of affines in single precision, so that the limit itself passes
  return a.shape_ijk == b.shape_ijk && corner_distance(a, b).voxels <= tolerance_voxels + rounding;
}

std::string grid_difference(const Grid& found, const Grid& expected) {
  if (found.shape_ijk != expected.shape_ijk) {
    return fmt::format("{}, instead of {}", describe(found), describe(expected));
  }
  std::vector<std::string> parts;
  if (found.orientation() != expected.orientation()) {
    parts.push_back(fmt::format("axes {} instead of {}", found.orientation(), expected.orientation()));
  } else {
    parts = axis_differences(found, expected);
  }
  const Point3 off = difference(found.ras_of_index({0, 0, 0}), expected.ras_of_index({0, 0, 0}));
  if (matters(in_voxels(off, expected))) {
    parts.push_back(fmt::format("the first voxel lies {:.4g} mm off ({:.4g}, {:.4g}, {:.4g} mm to R, A, S)",
                                length(off), off[0], off[1], off[2]));
  }
  const CornerDistance corners = corner_distance(found, expected);
  parts.push_back(fmt::format("corners are up to {:.3g} voxels ({:.3g} mm) apart", corners.voxels, corners.mm));
  return fmt::format("{}", fmt::join(parts, "; "));
}

void require_same_grid(const Grid& found, const std::string& what, const Grid& expected, const std::string& whose) {
  if (!same_grid(found, expected)) {
    const std::string limit = found.shape_ijk == expected.shape_ijk
                                  ? fmt::format(" (at most {:g}, --grid-tolerance sets the limit)", tolerance_voxels)
                                  : std::string();
    throw Error(
        fmt::format("{} is on another grid than {}: {}{}", what, whose, grid_difference(found, expected), limit));
  }
  const CornerDistance corners = corner_distance(found, expected);
  if (corners.voxels > noticed_voxels) {
    log_warning(
        fmt::format("{} is taken to be on the grid of {}, though {}", what, whose, grid_difference(found, expected)));
  }
}

}  // namespace gdm
