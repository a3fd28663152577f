// Maps of the world: inverses, the two coordinate systems, volumes placed through a map.
#include "image/affine.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "image/orientation.hpp"
#include "image/regrid.hpp"
#include "io_fixture.hpp"

using namespace gdm;

namespace {

/// A turn by 30 degrees about z with a shear and a shift.
Matrix4 some_map() {
  Matrix4 map = identity_map();
  map[0] = {std::cos(0.5), -std::sin(0.5), 0.1, 12};
  map[1] = {std::sin(0.5), std::cos(0.5), -0.2, -7};
  map[2] = {0.05, 0.3, 1.1, 3};
  return map;
}

double apart(const Point3& a, const Point3& b) {
  return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

const Point3 somewhere{3, -20, 41};

}  // namespace

TEST_CASE("affine: a map's linear part takes one point to another, whatever its shift was") {
  const Point3 to{-5, 60, 2};
  const Matrix4 map = taking(some_map(), somewhere, to);
  CHECK(apart(map_point(map, somewhere), to) < 1e-12);
  const Point3 beside{somewhere[0], somewhere[1] + 1, somewhere[2]}, image = map_point(map, beside);
  for (std::size_t a = 0; a < 3; ++a) CHECK(image[a] - to[a] == doctest::Approx(some_map()[a][1]));
}

TEST_CASE("affine: a map and its inverse lead back, and a product is one after the other") {
  const Matrix4 map = some_map();
  CHECK(apart(map_point(inverse(map), map_point(map, somewhere)), somewhere) < 1e-12);
  Matrix4 shift = identity_map();
  shift[2][3] = 5;
  CHECK(apart(map_point(product(map, shift), somewhere), map_point(map, map_point(shift, somewhere))) < 1e-12);
  Matrix4 flat = map;
  flat[2] = flat[1];
  CHECK_THROWS_AS(inverse(flat), Error);
}

TEST_CASE("affine: the same map in LPS and in RAS") {
  const Matrix4 map = some_map(), lps = between_lps_and_ras(map);
  CHECK(apart(ras_of_lps(map_point(lps, lps_of_ras(somewhere))), map_point(map, somewhere)) < 1e-12);
  CHECK(between_lps_and_ras(lps) == map);
}

TEST_CASE("affine: a placed volume has at x what the moving one has at the map of x") {
  const Matrix4 map = some_map();
  Volume moving(Grid::centred({9, 8, 7}, {2, 3, 4}), 0.0F);
  const Grid at = placed(moving.grid, map);
  const Point3 index{1.5, 2, 3};
  CHECK(apart(map_point(map, at.ras_of_index(index)), moving.grid.ras_of_index(index)) < 1e-12);
}

TEST_CASE("affine: a grid along the world's axes covers the field and shares its centre") {
  Grid oblique = Grid::centred({10, 12, 6}, {2, 2, 3});
  oblique.ijk_to_ras_mm = product(some_map(), oblique.ijk_to_ras_mm);
  const Grid cover = world_aligned(oblique, 1.5);
  CHECK(cover.orientation() == "RAS");
  CHECK(apart(centre_ras_mm(cover), centre_ras_mm(oblique)) < 1e-9);
  for (int corner = 0; corner < 8; ++corner) {
    Point3 index{};
    for (std::size_t a = 0; a < 3; ++a) {
      index[a] = (corner >> a & 1) != 0 ? static_cast<double>(oblique.shape_ijk[a]) - 0.5 : -0.5;
    }
    const Point3 at = cover.index_of_ras(oblique.ras_of_index(index));
    for (std::size_t a = 0; a < 3; ++a) {
      CHECK(at[a] > -0.52);
      CHECK(at[a] < static_cast<double>(cover.shape_ijk[a]) - 0.48);
    }
  }
}

TEST_CASE("regrid: a displacement takes each voxel's value from where it points") {
  Volume volume(Grid::centred({12, 10, 8}, {2, 2, 2}), 0.0F);
  for (std::size_t n = 0; n < volume.voxels.size(); ++n) volume.voxels[n] = static_cast<float>(n % 37);
  Displacement still{volume.grid, std::vector<float>(3 * volume.voxels.size(), 0.0F)};
  CHECK(regrid(volume, still, 0).volume.voxels == volume.voxels);
  Displacement aside = still;
  for (std::size_t n = 0; n < volume.voxels.size(); ++n) aside.ras_mm[3 * n + 2] = 4;  // two voxels upwards
  const Regridded moved = regrid(volume, aside, -1);
  CHECK(moved.volume.at(3, 4, 1) == volume.at(3, 4, 3));
  CHECK(moved.volume.at(3, 4, 7) == -1);
  CHECK(moved.outside == 2 * 12 * 10);
  CHECK(regrid_labels(volume, aside, -1).volume.voxels == moved.volume.voxels);
}
