// Contours as masks: holes, keyholes, planes between slices, oblique grids, and names that files may have.
#include "dicom/structures.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "image/affine.hpp"
#include "image/mask.hpp"
#include "image/orientation.hpp"
#include "io_fixture.hpp"

using namespace gdm;
using namespace gdm::dicom;
using gdm_test::contains;
using gdm_test::error_of;

namespace {

Contour on_slice(const Grid& grid, double k, const std::vector<std::array<double, 2>>& corners) {
  Contour contour;
  for (const auto& [i, j] : corners) contour.push_back(lps_of_ras(grid.ras_of_index({i, j, k})));
  return contour;
}

Contour square(const Grid& grid, double k, double low, double high) {
  return on_slice(grid, k, {{low, low}, {high, low}, {high, high}, {low, high}});
}

Structure of(const std::vector<Contour>& contours) {
  return {"x", "", contours, 0};
}

Grid oblique() {
  Grid grid = Grid::centred({20, 20, 10}, {1, 1.5, 3});
  Matrix4 turn = identity_map();
  turn[1] = {0, std::cos(0.6), -std::sin(0.6), 8};
  turn[2] = {0, std::sin(0.6), std::cos(0.6), -3};
  grid.ijk_to_ras_mm = product(turn, grid.ijk_to_ras_mm);
  return grid;
}

}  // namespace

TEST_CASE("structures: a hole, an island in it and a keyhole, on an oblique grid") {
  const Grid grid = oblique();
  const Drawn ring =
      draw(of({square(grid, 4, 1.5, 15.5), square(grid, 4, 3.5, 13.5), square(grid, 4, 6.5, 8.5)}), grid);
  CHECK(count_inside(ring.mask) == 14 * 14 - 10 * 10 + 2 * 2);
  CHECK(ring.mask.at(2, 2, 4) == 1);
  CHECK(ring.mask.at(4, 4, 4) == 0);
  CHECK(ring.mask.at(7, 7, 4) == 1);
  CHECK(ring.mask.at(7, 7, 5) == 0);
  CHECK(ring.outside == 0);
  // The same ring as one line that goes in and out by one way.
  const Contour keyhole = on_slice(grid, 4,
                                   {{1.5, 1.5},
                                    {15.5, 1.5},
                                    {15.5, 15.5},
                                    {1.5, 15.5},
                                    {1.5, 1.5},
                                    {3.5, 3.5},
                                    {3.5, 13.5},
                                    {13.5, 13.5},
                                    {13.5, 3.5},
                                    {3.5, 3.5}});
  CHECK(count_inside(draw(of({keyhole}), grid).mask) == 14 * 14 - 10 * 10);
}

TEST_CASE("structures: a slanted edge takes the voxels whose centre it leaves inside") {
  const Grid grid = Grid::centred({12, 12, 3}, {1, 1, 1});
  const Drawn triangle = draw(of({on_slice(grid, 1, {{-0.5, -0.5}, {9.75, -0.5}, {-0.5, 9.75}})}), grid);
  for (std::int64_t j = 0; j < 12; ++j) {
    for (std::int64_t i = 0; i < 12; ++i) CHECK(triangle.mask.at(i, j, 1) == (i + j <= 9 ? 1 : 0));
  }
}

TEST_CASE("structures: slices take the contours of the nearest plane, half a distance beyond the last at most") {
  const Grid grid = Grid::centred({8, 8, 20}, {1, 1, 1});
  // Planes 3 slices apart, drawn on another series; one of them between two slices.
  std::vector<Contour> contours;
  for (const double k : {5.0, 8.0, 11.0}) contours.push_back(square(grid, k, 0.5, 4.5));
  const Mask mask = draw(of(contours), grid).mask;
  for (std::int64_t k = 0; k < 20; ++k) CHECK(mask.at(2, 2, k) == (k >= 4 && k <= 12 ? 1 : 0));
}

TEST_CASE("structures: what does not lie on the grid is counted, and what crosses slices refused") {
  const Grid grid = Grid::centred({8, 8, 8}, {1, 1, 1});
  const Drawn drawn = draw(of({square(grid, 3, 20, 24), square(grid, 30, 1, 3), square(grid, 3, 1.5, 3.5)}), grid);
  CHECK(drawn.outside == 2);
  CHECK(count_inside(drawn.mask) == 4);
  Contour leaning = square(grid, 3, 1, 5);
  leaning[0][2] += 2;
  CHECK(contains(error_of([&] { draw(of({leaning}), grid); }), "not drawn on slices"));
}

TEST_CASE("structures: contours of one plane stay together though their positions round differently") {
  const Grid grid = Grid::centred({20, 20, 6}, {1, 1, 1});
  const Mask ring = draw(of({square(grid, 3.0049, 1.5, 15.5), square(grid, 3.0051, 3.5, 13.5)}), grid).mask;
  CHECK(count_inside(ring) == 14 * 14 - 10 * 10);
}

TEST_CASE("structures: names of files") {
  std::vector<Structure> all(6);
  all[0].name = "Spinal Cord";
  all[1].name = "../../etc/passwd";
  all[2].name = "spinal_cord";
  all[3].name = "";
  all[4].name = "-rf";
  all[5].name = std::string(100, 'a');
  const std::vector<std::string> names = file_names(all);
  CHECK(names[0] == "Spinal_Cord");
  CHECK(names[1] == "______etc_passwd");
  CHECK(names[2] == "spinal_cord-2");
  CHECK(names[3] == "unnamed");
  CHECK(names[4] == "_rf");
  CHECK(names[5].size() == 64);
}
