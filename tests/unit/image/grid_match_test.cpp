// Which grids are one, and what is said of those that are not: shifts in voxels whatever the voxel size.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "image/grid_match.hpp"
#include "io_fixture.hpp"
#include "sys/log.hpp"

using namespace gdm;
using gdm_test::contains;
using gdm_test::error_of;

namespace {

struct DefaultTolerance {
  ~DefaultTolerance() { set_grid_tolerance_voxels(0.05); }
};

Grid shifted(Grid grid, const Point3& voxels) {
  const Point3 to = grid.ras_of_index(voxels);
  for (std::size_t r = 0; r < 3; ++r) grid.ijk_to_ras_mm[r][3] = to[r];
  return grid;
}

Grid turned(Grid grid, double degrees) {
  const double c = std::cos(degrees * 3.14159265358979 / 180), s = std::sin(degrees * 3.14159265358979 / 180);
  for (std::size_t column = 0; column < 4; ++column) {
    const double x = grid.ijk_to_ras_mm[0][column], y = grid.ijk_to_ras_mm[1][column];
    grid.ijk_to_ras_mm[0][column] = c * x - s * y;
    grid.ijk_to_ras_mm[1][column] = s * x + c * y;
  }
  return grid;
}

std::vector<std::string> warnings_of(const Grid& found, const Grid& expected) {
  const WarningCapture capture;
  require_same_grid(found, "b.nii: the mask", expected, "its volume");
  return capture.warnings();
}

}  // namespace

TEST_CASE("one grid: the distance of corners in voxels decides, for voxels of 5 um as of 5 mm") {
  for (const double edge : {0.005, 0.8, 5.0, 200.0}) {
    CAPTURE(edge);
    const Grid grid = Grid::centred({40, 30, 20}, {edge, edge, 2 * edge});
    for (const std::size_t axis : {0U, 1U, 2U}) {
      Point3 off{};
      off[axis] = 0.049;
      CHECK(same_grid(shifted(grid, off), grid));
      CHECK(corner_distance(shifted(grid, off), grid).voxels == doctest::Approx(0.049));
      off[axis] = 0.05;
      CHECK(same_grid(shifted(grid, off), grid));
      off[axis] = -0.051;
      CHECK_FALSE(same_grid(shifted(grid, off), grid));
      off[axis] = 1;
      CHECK_FALSE(same_grid(shifted(grid, off), grid));
    }
  }
}

TEST_CASE("one grid: small errors of spacing and direction add up to the farthest corner") {
  const Grid grid = Grid::centred({512, 512, 2}, {0.9765625, 0.9765625, 3});
  const Grid rounded = Grid::centred({512, 512, 2}, {0.9766, 0.9766, 3});
  CHECK(corner_distance(rounded, grid).voxels == doctest::Approx(255.5 * (0.9766 - 0.9765625) / 0.9765625));
  CHECK(same_grid(rounded, grid));
  CHECK_FALSE(same_grid(Grid::centred({512, 512, 2}, {0.977, 0.9765625, 3}), grid));
  CHECK(same_grid(turned(grid, 0.005), grid));
  CHECK_FALSE(same_grid(turned(grid, 0.02), grid));
  CHECK_FALSE(same_grid(Grid::centred({512, 512, 3}, {0.9765625, 0.9765625, 3}), grid));
  Grid broken = grid;
  broken.ijk_to_ras_mm[0][3] = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(same_grid(broken, grid));
}

TEST_CASE("other grids: a message names what differs and by how much") {
  const Grid grid = Grid::centred({32, 32, 32}, {2, 2, 2});
  Grid moved = grid;
  moved.ijk_to_ras_mm[0][3] += 15;
  CHECK(grid_difference(moved, grid) ==
        "the first voxel lies 15 mm off (15, 0, 0 mm to R, A, S); corners are up to 7.5 voxels (15 mm) apart");
  CHECK(contains(grid_difference(Grid::centred({32, 32, 32}, {2, 2.1, 2}), grid),
                 "voxels of 2.1 instead of 2 mm along j"));
  CHECK(contains(
      grid_difference(Grid::centred({512, 512, 2}, {0.976, 1, 1}), Grid::centred({512, 512, 2}, {0.9765625, 1, 1})),
      "voxels of 0.976 instead of 0.9765625 mm along i"));
  CHECK(contains(grid_difference(turned(grid, 3), grid), "axis i turned by 3 degrees; axis j turned by 3 degrees"));
  CHECK_FALSE(contains(grid_difference(turned(grid, 3), grid), "axis k"));
  CHECK(contains(grid_difference(Grid::centred({32, 32, 31}, {2, 2, 2}), grid),
                 "32 x 32 x 31 voxels of 2 x 2 x 2 mm, LAS, instead of 32 x 32 x 32"));
  Grid flipped = grid;
  flipped.ijk_to_ras_mm[0][0] *= -1;
  flipped.ijk_to_ras_mm[0][3] *= -1;
  CHECK(contains(grid_difference(flipped, grid), "axes RAS instead of LAS"));
}

TEST_CASE("one grid: silence to a hundredth of a voxel, a warning to the tolerance, then an error with the way on") {
  const DefaultTolerance restored;
  const Grid grid = Grid::centred({8, 8, 8}, {2, 2, 2});
  CHECK(warnings_of(shifted(grid, {0.009, 0, 0}), grid).empty());
  const auto warned = warnings_of(shifted(grid, {0, 0.02, 0}), grid);
  REQUIRE(warned.size() == 1);
  CHECK(contains(warned[0], "b.nii: the mask is taken to be on the grid of its volume"));
  CHECK(contains(warned[0], "0.02 voxels (0.04 mm)"));
  const std::string error = error_of([&] { warnings_of(shifted(grid, {0, 0, 0.5}), grid); });
  CHECK(contains(error, "b.nii: the mask is on another grid than its volume"));
  CHECK(contains(error, "0.5 voxels (1 mm)"));
  CHECK(contains(error, "--grid-tolerance"));
  set_grid_tolerance_voxels(0.6);
  CHECK(warnings_of(shifted(grid, {0, 0, 0.5}), grid).size() == 1);
}
