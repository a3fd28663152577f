// Volumes on other grids against closed forms, in odd orientations too: ramps in world coordinates, the place of a
// small object, exact means, and labels whose edges stay where they are.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "image/orientation.hpp"
#include "image/regrid.hpp"
#include "io_fixture.hpp"

using namespace gdm;

namespace {

template <class Body>
void each_voxel(const Grid& grid, const Body& body) {
  for (std::int64_t k = 0; k < grid.shape_ijk[2]; ++k) {
    for (std::int64_t j = 0; j < grid.shape_ijk[1]; ++j) {
      for (std::int64_t i = 0; i < grid.shape_ijk[0]; ++i) {
        body(i, j, k, grid.ras_of_index({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)}));
      }
    }
  }
}

Volume painted(const Grid& grid, const std::function<double(const Point3&)>& value) {
  Volume volume(grid, 0.0F);
  each_voxel(grid,
             [&](auto i, auto j, auto k, const Point3& at) { volume.at(i, j, k) = static_cast<float>(value(at)); });
  return volume;
}

double ramp(const Point3& at) {
  return 100.0 + 2.0 * at[0] - 3.0 * at[1] + 5.0 * at[2];
}

/// Turned by 20 degrees about z and 35 degrees about x, and not centred on the origin.
Grid oblique(const Index3& shape, const Point3& spacing) {
  Grid grid = Grid::centred(shape, spacing);
  const double c = std::cos(0.35), s = std::sin(0.35), d = std::cos(0.61), e = std::sin(0.61);
  const double turn[3][3] = {{c, -s * d, s * e}, {s, c * d, -c * e}, {0, e, d}};
  Matrix4 turned = grid.ijk_to_ras_mm;
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t column = 0; column < 4; ++column) {
      turned[r][column] = 0;
      for (std::size_t m = 0; m < 3; ++m) turned[r][column] += turn[r][m] * grid.ijk_to_ras_mm[m][column];
    }
    turned[r][3] += 0.7 * static_cast<double>(r) - 0.4;
  }
  grid.ijk_to_ras_mm = turned;
  return grid;
}

/// Largest difference from the ramp where `old` has two voxels on all sides.
double ramp_error(const Volume& volume, const Grid& old) {
  double worst = 0;
  each_voxel(volume.grid, [&](auto i, auto j, auto k, const Point3& at) {
    const Point3 index = old.index_of_ras(at);
    for (std::size_t a = 0; a < 3; ++a) {
      if (index[a] < 2 || index[a] > static_cast<double>(old.shape_ijk[a] - 3)) return;
    }
    worst = std::max(worst, std::abs(static_cast<double>(volume.at(i, j, k)) - ramp(at)));
  });
  return worst;
}

Point3 centre_of_mass(const Volume& volume) {
  double mass = 0;
  Point3 sum{};
  each_voxel(volume.grid, [&](auto i, auto j, auto k, const Point3& at) {
    const double value = volume.at(i, j, k);
    mass += value;
    for (std::size_t a = 0; a < 3; ++a) sum[a] += value * at[a];
  });
  return {sum[0] / mass, sum[1] / mass, sum[2] / mass};
}

const Interpolation both[] = {Interpolation::linear, Interpolation::cubic};

}  // namespace

TEST_CASE("regrid: a ramp in world coordinates is the same on every grid") {
  const Volume straight = painted(Grid::centred({24, 22, 20}, {1.5, 2.0, 2.5}), ramp);
  for (const char* letters : {"LAS", "RPI", "SLA", "PIR", "IPR", "AIL"}) {
    const Volume old = reoriented(straight, letters);
    for (const Point3& spacing : {Point3{1, 1, 1}, Point3{3, 4, 5}, Point3{2.2, 0.9, 7}, Point3{1.5, 2, 2.5}}) {
      for (const Grid& grid : {Grid::centred({12, 11, 9}, spacing), oblique({11, 10, 9}, spacing),
                               respaced(reoriented(old.grid, axis_map(old.grid, "IRP")), spacing)}) {
        for (const Interpolation interpolation : both) {
          CAPTURE(letters);
          CAPTURE(describe(grid));
          CHECK(ramp_error(regrid(old, grid, 0, {interpolation, false}).volume, old.grid) < 1e-3);
        }
      }
    }
  }
  // Averaging is exact, too, where all of the new voxel lies inside.
  const Volume fine = painted(Grid::centred({60, 60, 60}, {1, 1, 1}), ramp);
  for (const Grid& grid : {Grid::centred({12, 12, 12}, {2.5, 3, 2}), oblique({10, 10, 10}, {2.1, 3.3, 2.7})}) {
    CHECK(ramp_error(regrid(fine, grid, 0, {Interpolation::linear, true}).volume, fine.grid) < 1e-3);
  }
}

TEST_CASE("regrid: a small object stays where it is") {
  const Point3 place{3.3, -4.1, 2.6};
  const auto blob = [&](const Point3& at) {
    const double r = std::hypot(at[0] - place[0], at[1] - place[1], at[2] - place[2]);
    return 1000 * std::exp(-0.5 * r * r / 9.0);
  };
  const Volume straight = painted(Grid::centred({44, 40, 36}, {1.0, 1.2, 1.5}), blob);
  for (const char* letters : {"LAS", "RPI", "SLA", "PIR"}) {
    const Volume old = reoriented(straight, letters);
    for (const Grid& grid : {Grid::centred({40, 40, 40}, {1.1, 0.9, 1.3}), oblique({40, 40, 40}, {1.0, 1.1, 0.8}),
                             respaced(old.grid, {2, 2.4, 3}), respaced(old.grid, {2.3, 1.9, 2.9})}) {
      for (const Interpolation interpolation : both) {
        const Point3 at = centre_of_mass(regrid(old, grid, 0, {interpolation, true}).volume);
        for (std::size_t a = 0; a < 3; ++a) CHECK(std::abs(at[a] - place[a]) < 0.02);
      }
    }
  }
}

TEST_CASE("regrid: means over whole old voxels are exact, voxels that coincide are kept bit for bit") {
  Volume old(Grid::centred({8, 6, 9}, {1, 2, 1.5}), 0.0F);
  int n = 0;
  for (float& voxel : old.voxels) voxel = static_cast<float>((n = (n * 37 + 11) % 101)) / 7.0F;
  const Volume half = regrid(old, respaced(old.grid, {2, 4, 4.5}), 0, {Interpolation::linear, true}).volume;
  CHECK(half.grid.shape_ijk == Index3{4, 3, 3});
  each_voxel(half.grid, [&](auto i, auto j, auto k, const Point3&) {
    double sum = 0;
    for (int c = 0; c < 3; ++c)
      for (int b = 0; b < 2; ++b)
        for (int a = 0; a < 2; ++a) sum += old.at(2 * i + a, 2 * j + b, 3 * k + c);
    CHECK(half.at(i, j, k) == doctest::Approx(sum / 12).epsilon(1e-6));
  });
  const Volume turned = reoriented(old, "SPR");
  for (const Interpolation interpolation : both) {
    CHECK(regrid(old, turned.grid, 0, {interpolation, true}).volume.voxels == turned.voxels);
    CHECK(regrid(turned, old.grid, 0, {interpolation, true}).volume.voxels == old.voxels);
  }
}

TEST_CASE("regrid: labels stay labels, and their edges where they are in each direction") {
  const auto ball = [](const Point3& at) { return std::hypot(at[0] - 1, at[1] + 2, at[2]) < 11 ? 7.0 : 0.0; };
  const Volume old = painted(Grid::centred({40, 40, 40}, {1, 1, 1}), ball);
  for (const char* letters : {"LAS", "RPI", "SLA"}) {
    const Volume from = reoriented(old, letters);
    for (const Grid& grid : {respaced(from.grid, {2, 2, 2}), respaced(from.grid, {1.5, 2.5, 1.7}),
                             respaced(from.grid, {0.7, 0.7, 0.7}), oblique({34, 34, 34}, {1.1, 1.1, 1.1})}) {
      const Volume fresh = regrid_labels(from, grid).volume;
      double inside = 0, others = 0;
      for (const float voxel : fresh.voxels) {
        others += voxel != 0.0F && voxel != 7.0F ? 1 : 0;
        inside += voxel > 0 ? 1 : 0;
      }
      CHECK(others == 0);
      const Point3 spacing = grid.spacing_mm(), at = centre_of_mass(fresh);
      const double volume = inside * spacing[0] * spacing[1] * spacing[2];
      CHECK(volume == doctest::Approx(4.0 / 3.0 * 3.14159265 * 11 * 11 * 11).epsilon(0.04));
      CHECK(std::hypot(at[0] - 1, at[1] + 2, at[2]) < 0.1);
    }
  }
  // Two voxels of each: the larger label, from both sides.
  Volume line(Grid::centred({4, 1, 1}, {1, 1, 1}), 0.0F);
  line.voxels[1] = line.voxels[2] = 3;
  const Volume two = regrid_labels(line, respaced(line.grid, {2, 1, 1})).volume;
  CHECK(two.voxels[0] == 3);
  CHECK(two.voxels[1] == 3);
  // Halfway between two voxels: the larger label, whichever side it is on.
  line.voxels[2] = 0;
  const Volume between = regrid_labels(line, Grid::centred({3, 1, 1}, {1, 1, 1})).volume;
  CHECK(between.voxels[0] == 3);
  CHECK(between.voxels[1] == 3);
  CHECK(between.voxels[2] == 0);
}

TEST_CASE("regrid: outside the field stands the fill, and it is counted, the field of a spacing") {
  const Volume old(Grid::centred({10, 10, 10}, {2, 2, 2}), 50.0F);
  const Regridded wide = regrid(old, Grid::centred({14, 10, 10}, {2, 2, 2}), -1024);
  CHECK(wide.outside == 400);
  CHECK(wide.volume.at(1, 5, 5) == -1024.0F);
  CHECK(wide.volume.at(2, 5, 5) == 50.0F);
  CHECK(regrid_labels(old, Grid::centred({14, 10, 10}, {2, 2, 2})).outside == 400);
  // A coarse voxel at the border is the mean of its points inside: no fill is mixed in.
  for (const float voxel :
       regrid(old, respaced(old.grid, {3, 3, 3}), -1024, {Interpolation::linear, true}).volume.voxels) {
    CHECK(voxel == 50.0F);
  }
  Volume line(Grid::centred({4, 1, 1}, {1, 1, 1}), 0.0F);
  line.voxels[3] = 8;
  CHECK(regrid(line, respaced(line.grid, {3, 1, 1}), -1024, {Interpolation::linear, true}).volume.voxels[1] == 4.0F);
  const Grid grid = respaced(oblique({10, 11, 12}, {2, 2, 2.0001}), {3, 2, 1});
  CHECK(grid.shape_ijk == Index3{7, 11, 24});
  const Point3 middle = grid.ras_of_index({3, 5, 11.5}),
               before = oblique({10, 11, 12}, {2, 2, 2}).ras_of_index({4.5, 5, 5.5});
  for (std::size_t a = 0; a < 3; ++a) CHECK(middle[a] == doctest::Approx(before[a]));
  CHECK(gdm_test::contains(gdm_test::error_of([&] {
                             respaced(old.grid, {2, 1e-4, 2});
                           }),
                           "along axis 2, expected at most 32767"));
}

TEST_CASE("regrid: bounded cubic values do not overshoot, and others stay as they are") {
  Volume step(Grid::centred({12, 4, 4}, {2, 2, 2}), -1000.0F);
  each_voxel(step.grid, [&](auto i, auto j, auto k, const Point3&) {
    if (i >= 6) step.at(i, j, k) = 1000.0F;
  });
  step.at(0, 0, 0) = std::numeric_limits<float>::quiet_NaN();
  const Grid fine = respaced(step.grid, {1, 2, 2});
  const Volume open = regrid(step, fine, 0.0F, {Interpolation::cubic, true}).volume;
  const Volume bounded = regrid(step, fine, 0.0F, {Interpolation::cubic, true, true}).volume;
  std::int64_t beyond = 0;
  each_voxel(fine, [&](auto i, auto j, auto k, const Point3&) {
    const float value = open.at(i, j, k);
    beyond += std::abs(value) > 1000.0F;
    CHECK((std::isnan(value) ? std::isnan(bounded.at(i, j, k))
                             : bounded.at(i, j, k) == std::clamp(value, -1000.0F, 1000.0F)));
  });
  CHECK(beyond > 0);
}
