// Index, RAS and LPS positions, ITK's origin, spacing and direction, and reorientation: closed forms, numbers from
// nibabel, and the rule that a voxel keeps its world position in each of the 48 orientations.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "image/grid_match.hpp"
#include "image/orientation.hpp"
#include "io_fixture.hpp"

using gdm::AxisMap;
using gdm::Grid;
using gdm::Image;
using gdm::Index3;
using gdm::Matrix4;
using gdm::Point3;

namespace {

bool close(const Point3& a, const Point3& b, double tolerance = 1e-10) {
  for (std::size_t r = 0; r < 3; ++r) {
    if (!(std::abs(a[r] - b[r]) < tolerance)) return false;
  }
  return true;
}

Grid grid_of(const Index3& shape_ijk, const Matrix4& ijk_to_ras_mm) {
  Grid grid;
  grid.shape_ijk = shape_ijk;
  grid.ijk_to_ras_mm = ijk_to_ras_mm;
  return grid;
}

/// Oblique and sheared, with axes of three lengths; i runs mostly to anterior, j to the right, k to inferior.
Grid sheared_grid() {
  return grid_of({5, 7, 4},
                 {{{-0.31, 0.72, 0.55, -12.5}, {0.84, 0.33, -0.41, 30.0}, {-0.12, 0.28, -2.2, 7.25}, {0, 0, 0, 1}}});
}

Grid rotated_grid(double angle_rad) {
  const double c = std::cos(angle_rad), s = std::sin(angle_rad);
  return grid_of({4, 3, 5}, {{{0.9 * c, -1.1 * s, 0, 3}, {0.9 * s, 1.1 * c, 0, -4}, {0, 0, 2.5, 5}, {0, 0, 0, 1}}});
}

std::vector<std::string> all_orientations() {
  std::vector<std::string> all;
  std::string axes = "ARS";
  std::sort(axes.begin(), axes.end());
  do {
    for (unsigned flips = 0; flips < 8; ++flips) {
      std::string letters = axes;
      for (std::size_t a = 0; a < 3; ++a) {
        if ((flips >> a & 1U) != 0) letters[a] = letters[a] == 'R' ? 'L' : letters[a] == 'A' ? 'P' : 'I';
      }
      all.push_back(letters);
    }
  } while (std::next_permutation(axes.begin(), axes.end()));
  return all;
}

Image<int> numbered(const Grid& grid) {
  Image<int> image(grid, 0);
  int number = 0;
  for (int& voxel : image.voxels) voxel = number++;
  return image;
}

template <class T>
bool same_voxels(const Image<T>& a, const Image<T>& b) {
  return std::equal(a.voxels.begin(), a.voxels.end(), b.voxels.begin(), b.voxels.end());
}

/// Every voxel of `moved` has the number that `original` has at its world position.
bool keeps_positions(const Image<int>& original, const Image<int>& moved) {
  const Index3& shape = moved.grid.shape_ijk;
  if (moved.voxels.size() != original.voxels.size()) return false;
  for (std::int64_t k = 0; k < shape[2]; ++k) {
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        const Point3 index{static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)};
        const Point3 old = original.grid.index_of_ras(moved.grid.ras_of_index(index));
        const Point3 whole{std::round(old[0]), std::round(old[1]), std::round(old[2])};
        if (!close(old, whole, 1e-9)) return false;
        const auto at = [&](std::size_t a) { return static_cast<std::int64_t>(whole[a]); };
        if (original.at(at(0), at(1), at(2)) != moved.at(i, j, k)) return false;
      }
    }
  }
  return true;
}

}  // namespace

TEST_CASE("grid: index, RAS and LPS positions of a grid whose numbers are known") {
  const Grid grid = Grid::centred({256, 200, 108}, {0.5, 0.75, 1.5});
  CHECK(grid.orientation() == "LAS");
  CHECK(close(grid.ras_of_index({0, 0, 0}), {63.75, -74.625, -80.25}));
  CHECK(close(grid.ras_of_index({255, 199, 107}), {-63.75, 74.625, 80.25}));
  CHECK(close(grid.ras_of_index({10, 20, 30}), {58.75, -59.625, -35.25}));
  CHECK(close(grid.index_of_ras({58.75, -59.625, -35.25}), {10, 20, 30}));
  CHECK(close(gdm::lps_of_ras({58.75, -59.625, -35.25}), {-58.75, 59.625, -35.25}));
  CHECK(close(gdm::ras_of_lps(gdm::lps_of_ras({1, -2, 3})), {1, -2, 3}));

  const gdm::ItkGeometry itk = gdm::itk_geometry(grid);
  CHECK(itk.size_ijk == Index3{256, 200, 108});
  CHECK(close(itk.spacing_mm, {0.5, 0.75, 1.5}));
  CHECK(close(itk.origin_lps_mm, {-63.75, 74.625, -80.25}));
  CHECK(close(itk.direction_lps[0], {1, 0, 0}));   // i to the left
  CHECK(close(itk.direction_lps[1], {0, -1, 0}));  // j to anterior, in LPS backwards
  CHECK(close(itk.direction_lps[2], {0, 0, 1}));
}

TEST_CASE("grid: ITK's triple gives the affine back, for oblique and sheared axes too") {
  for (const Grid& grid : {rotated_grid(0.4), sheared_grid(), Grid::centred({9, 1, 2}, {1e-4, 2, 30})}) {
    const Grid back = gdm::grid_of_itk(gdm::itk_geometry(grid));
    CHECK(back.shape_ijk == grid.shape_ijk);
    for (std::size_t r = 0; r < 4; ++r) {
      for (std::size_t c = 0; c < 4; ++c) {
        CHECK(back.ijk_to_ras_mm[r][c] == doctest::Approx(grid.ijk_to_ras_mm[r][c]).epsilon(1e-14));
      }
    }
  }
  Grid flat = sheared_grid();
  for (std::size_t r = 0; r < 3; ++r) flat.ijk_to_ras_mm[r][1] = 0;
  CHECK(gdm_test::contains(gdm_test::error_of([&] { gdm::itk_geometry(flat); }), "axis 2 has length 0 mm"));
}

TEST_CASE("grid: positions have an index however small the voxels, and none where axes lie in a plane") {
  const Grid fine = Grid::centred({100, 100, 100}, {1e-5, 2e-5, 1e-5});
  CHECK(close(fine.index_of_ras(fine.ras_of_index({3, 50, 99})), {3, 50, 99}, 1e-8));
  Grid flat = sheared_grid();
  for (std::size_t r = 0; r < 3; ++r)
    flat.ijk_to_ras_mm[r][2] = 3 * flat.ijk_to_ras_mm[r][0] + flat.ijk_to_ras_mm[r][1];
  CHECK(gdm_test::contains(gdm_test::error_of([&] { flat.index_of_ras({0, 0, 0}); }), "singular"));
}

TEST_CASE("grid: orientation letters name each direction once") {
  CHECK(rotated_grid(0).orientation() == "RAS");
  CHECK(rotated_grid(0.78).orientation() == "RAS");
  CHECK(rotated_grid(0.79).orientation() == "ALS");
  CHECK(rotated_grid(std::acos(-1.0)).orientation() == "LPS");
  CHECK(sheared_grid().orientation() == "ARI");
  // i and j both run mostly to the right, and i has no component to anterior.
  const Grid skewed = grid_of({2, 2, 2}, {{{1, 0.9, 0, 0}, {0, -0.4, 0, 0}, {0, 0, -1, 0}, {0, 0, 0, 1}}});
  CHECK(skewed.orientation() == "RPI");
  // i and j both to the right, j with a little to superior and k with a little to anterior.
  const Grid knotted = grid_of({2, 2, 2}, {{{1, 0.99, 0, 0}, {0, 0, 0.1, 0}, {0, 0.14, 0.99, 0}, {0, 0, 0, 1}}});
  CHECK(knotted.orientation() == "RSA");
}

TEST_CASE("grid: in each of the 48 orientations every voxel keeps its world position, and the way back is exact") {
  const std::vector<std::string> orientations = all_orientations();
  REQUIRE(orientations.size() == 48);
  for (Grid grid : {Grid::centred({2, 3, 4}, {1.5, 1, 0.25}), sheared_grid(), rotated_grid(-2.0)}) {
    grid.sform_code = 2;
    grid.qform_code = 3;
    const Image<int> original = numbered(grid);
    for (const std::string& letters : orientations) {
      INFO(letters);
      const Image<int> moved = gdm::reoriented(original, letters);
      CHECK(moved.grid.orientation() == letters);
      CHECK(moved.grid.sform_code == 2);
      CHECK(moved.grid.qform_code == 3);
      CHECK(keeps_positions(original, moved));
      const Image<int> back = gdm::reoriented(moved, grid.orientation());
      CHECK(same_voxels(back, original));
      CHECK(gdm::corner_distance(back.grid, grid).mm < 1e-9);
      const Image<int> other = gdm::reoriented(moved, "PSL");
      CHECK(same_voxels(other, gdm::reoriented(original, "PSL")));
    }
  }
}

TEST_CASE("grid: letters that are no orientation are refused") {
  const Image<int> image = numbered(sheared_grid());
  for (const char* letters : {"", "RA", "RASP", "RAA", "RLS", "ras", "RAX", "R S"}) {
    const std::string error = gdm_test::error_of([&] { gdm::reoriented(image, letters); });
    CHECK_MESSAGE(gdm_test::contains(error, "expected one each of R or L, A or P, S or I"), letters);
  }
}

// nibabel 5.0.0 on sheared_grid()'s affine A and numpy.arange(140).reshape((5, 7, 4), order="F"):
//   nibabel.aff2axcodes(A), nibabel.affines.voxel_sizes(A), nibabel.affines.apply_affine(A, [1, 2, 3]),
//   nibabel.affines.apply_affine(numpy.linalg.inv(A), [1, 2, 3]); and with
//   t = ornt_transform(io_orientation(A), axcodes2ornt(LETTERS)) of nibabel.orientations:
//   A @ inv_ornt_aff(t, (5, 7, 4)) and apply_orientation(data, t).ravel(order="F")[[0, 1, 7, 139]]
TEST_CASE("grid: nibabel's numbers for an oblique and sheared affine") {
  const Grid grid = sheared_grid();
  CHECK(grid.orientation() == "ARI");
  CHECK(close(grid.spacing_mm(), {0.9033825324855467, 0.8400595217006948, 2.3044739095941185}));
  CHECK(close(grid.ras_of_index({1, 2, 3}), {-9.72, 30.27, 1.09}));
  CHECK(close(grid.index_of_ras({1, 2, 3}), {-32.16298702211889, 1.9013726740247825, 3.928155814264183}));
  struct Expected {
    const char* letters;
    Index3 shape_ijk;
    std::array<std::array<double, 4>, 3> affine;
    std::array<int, 4> voxels;
  };
  const std::array<Expected, 3> all = {
      {{"RAS",
        {7, 5, 4},
        {{{0.72, -0.31, -0.55, -10.85}, {0.33, 0.84, 0.41, 28.77}, {0.28, -0.12, 2.2, 0.65}}},
        {105, 110, 106, 34}},
       {"LPS",
        {7, 5, 4},
        {{{-0.72, 0.31, -0.55, -7.77}, {-0.33, -0.84, 0.41, 34.11}, {-0.28, 0.12, 2.2, 1.85}}},
        {139, 134, 138, 0}},
       {"SPL",
        {4, 5, 7},
        {{{-0.55, 0.31, -0.72, -7.77}, {0.41, -0.84, -0.33, 34.11}, {2.2, 0.12, -0.28, 1.85}}},
        {139, 104, 33, 0}}}};
  for (const Expected& expected : all) {
    INFO(expected.letters);
    const Image<int> moved = gdm::reoriented(numbered(grid), expected.letters);
    CHECK(moved.grid.shape_ijk == expected.shape_ijk);
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 4; ++c) {
        CHECK(moved.grid.ijk_to_ras_mm[r][c] == doctest::Approx(expected.affine[r][c]).epsilon(1e-12));
      }
    }
    const std::array<std::size_t, 4> places{0, 1, 7, 139};
    for (std::size_t n = 0; n < places.size(); ++n) CHECK(moved.voxels[places[n]] == expected.voxels[n]);
  }
}

TEST_CASE("grid: a voxel's volume is that of its parallelepiped, not the product of its edges") {
  Grid grid = Grid::centred({4, 4, 4}, {2, 3, 4});
  CHECK(grid.voxel_mm3() == doctest::Approx(24));
  grid.ijk_to_ras_mm[0][2] += 3;  // sheared: the third edge grows, the volume does not
  CHECK(grid.voxel_mm3() == doctest::Approx(24));
  CHECK(grid.spacing_mm()[2] == doctest::Approx(5));
}
