#include "ct/axial.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace gdm::ct {
namespace {

constexpr double degrees_per_radian = 57.295779513082321;

/// Unit vector of a stored axis in LPS, of which the sign of component `forward` is positive.
Point3 direction_lps(const Grid& grid, std::size_t axis, std::size_t forward) {
  const double length = grid.spacing_mm()[axis];
  Point3 direction{};
  for (std::size_t r = 0; r < 3; ++r) direction[r] = grid.ijk_to_ras_mm[r][axis] / length;
  direction = lps_of_ras(direction);
  if (direction[forward] < 0) {
    for (double& component : direction) component = -component;
  }
  return direction;
}

/// Of the axes the one that points most along component `along`; between equal ones (volumes turned by 45 degrees) the
/// other components decide, not the order of the axes.
std::size_t nearest_axis(const Grid& grid, const std::vector<std::size_t>& axes, std::size_t along) {
  const auto further = [&](std::size_t a, std::size_t b) {
    const Point3 p = direction_lps(grid, a, along), q = direction_lps(grid, b, along);
    for (std::size_t step = 0; step < 3; ++step) {
      const std::size_t component = (along + step) % 3;
      constexpr double rounding = 1e-5;
      if (std::abs(p[component] - q[component]) > rounding) return p[component] < q[component];
    }
    return false;
  };
  return *std::max_element(axes.begin(), axes.end(), further);
}

bool is_identity(const AxisMap& axes) {
  return axes.source == AxisMap().source && axes.flipped == AxisMap().flipped;
}

}  // namespace

AxisMap axial_axes(const Grid& grid) {
  std::vector<std::size_t> left(3);
  std::iota(left.begin(), left.end(), 0);
  AxisMap map;
  for (const std::size_t to : {2, 0, 1}) {
    const std::size_t axis = nearest_axis(grid, left, to);
    left.erase(std::find(left.begin(), left.end(), axis));
    map.source[to] = axis;
    const double along = grid.ijk_to_ras_mm[to][axis];
    map.flipped[to] = to == 2 ? along < 0 : along > 0;  // LPS is RAS with two signs changed
  }
  return map;
}

double axial_tilt_deg(const Grid& grid) {
  const std::size_t axis = axial_axes(grid).source[2];
  return degrees_per_radian * std::acos(std::min(1.0, direction_lps(grid, axis, 2)[2]));
}

Volume turned(Volume volume, const AxisMap& axes) {
  return is_identity(axes) ? std::move(volume) : reoriented(volume, axes);
}

Volume turned_back(Volume volume, const AxisMap& axes, const Grid& grid) {
  Volume back = turned(std::move(volume), inverse(axes));
  back.grid = grid;  // without what turning twice rounds
  return back;
}

}  // namespace gdm::ct
