// Pictures: the way a slice is turned and scaled, the linear fit, and what a PNG file holds.
#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "grade/grade.hpp"
#include "picture/font.hpp"
#include "picture/png.hpp"
#include "picture/slices.hpp"
#include "sys/error.hpp"

using namespace gdm;
using namespace gdm::metrics;
using namespace gdm::grade;
using namespace gdm::picture;

namespace {

/// A volume whose value is the RAS position of its voxel along one world axis.
Volume positions(const Grid& grid, std::size_t world_axis) {
  Volume volume(grid, 0.0F);
  const auto [ni, nj, nk] = grid.shape_ijk;
  for (std::int64_t k = 0; k < nk; ++k)
    for (std::int64_t j = 0; j < nj; ++j)
      for (std::int64_t i = 0; i < ni; ++i)
        volume.at(i, j, k) = static_cast<float>(
            grid.ras_of_index({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)})[world_axis]);
  return volume;
}

}  // namespace

TEST_CASE("slices: radiological convention for any order and direction of the axes") {
  Grid permuted;  // i to superior, j to right, k to posterior
  permuted.shape_ijk = {5, 6, 7};
  permuted.ijk_to_ras_mm = {{{0, 2, 0, 3}, {0, 0, -1.5, 4}, {1, 0, 0, 5}, {0, 0, 0, 1}}};
  for (const Grid& grid : {Grid::centred({4, 5, 6}, {1, 2, 3}), permuted}) {
    const Volume x = positions(grid, 0), y = positions(grid, 1), z = positions(grid, 2);
    for (const std::string plane : {"axial", "coronal", "sagittal"}) {
      const Orientation view = orientation_of(grid, plane);
      const Slice across = cut(plane == "sagittal" ? y : x, view, 2), down = cut(plane == "axial" ? y : z, view, 2);
      CHECK(across.values.front() > across.values[static_cast<std::size_t>(across.width - 1)]);  // right or anterior
      CHECK(down.values.front() > down.values.back());                                           // anterior or superior
      CHECK(across.width * across.height == static_cast<std::int64_t>(across.values.size()));
      CHECK(across.values[0] - across.values[1] == doctest::Approx(across.width_mm));
    }
  }
}

TEST_CASE("slices: bilinear values and crops are in millimetres") {
  Slice slice;
  slice.width = 3;
  slice.height = 2;
  slice.width_mm = 2;
  slice.height_mm = 5;
  slice.values = {0, 10, 20, 100, 110, 120};
  CHECK(value_at(slice, 1, 2.5) == 0.0F);
  CHECK(value_at(slice, 2, 2.5) == 5.0F);
  CHECK(value_at(slice, 3, 5.0) == 60.0F);
  CHECK(value_at(slice, -9, 99) == 100.0F);
  slice.values = {0, 0, 0, 0, 1, 0};
  const Box box = box_around(slice, 1.0);
  CHECK(box.left_mm == 1.0);
  CHECK(box.right_mm == 5.0);
  CHECK(box.top_mm == 4.0);
  CHECK(box.bottom_mm == 10.0);
}

TEST_CASE("metrics: the linear fit finds a line, and a constant input becomes the mean") {
  const Grid grid = Grid::centred({6, 5, 4}, {1, 1, 1});
  Volume input(grid, 0), target(grid, 0);
  for (std::size_t n = 0; n < input.voxels.size(); ++n) {
    input.voxels[n] = static_cast<float>(n % 17);
    target.voxels[n] = 300.0F - 25.0F * input.voxels[n];
  }
  Mask mask(grid, 1);
  mask.voxels[3] = 0;
  target.voxels[3] = 1e6F;
  const Volume fitted = fit_linearly(input, target, mask);
  CHECK(fitted.voxels[3] == doctest::Approx(225.0));
  CHECK(fitted.voxels[20] == doctest::Approx(target.voxels[20]));
  target.voxels[3] = 300.0F;
  CHECK(fit_linearly(Volume(grid, 7.0F), Volume(grid, -40.0F), mask).voxels[0] == doctest::Approx(-40.0));
  CHECK(needs_linear_fit("mr_t1"));
  CHECK_FALSE(needs_linear_fit("fbp"));
}

TEST_CASE("font: every letter is whole and differs from the others") {
  std::set<std::string> seen;
  for (int code = 32; code <= 126; ++code) {
    const std::string glyph = font_glyph(static_cast<char>(code));
    CHECK(glyph.size() == font_height * (font_width + 1) - 1);
    CHECK_MESSAGE(seen.insert(glyph).second, static_cast<char>(code));
  }
  CHECK(font_glyph('\n') == font_glyph('?'));
  CHECK(Picture::text_width("ab", 2) == 22);
}

TEST_CASE("picture: drawing stays inside") {
  Picture picture(4, 3, {1, 2, 3});
  picture.fill_rect(-5, -5, 7, 7, {9, 9, 9});
  picture.set(7, 1, {0, 0, 0});
  picture.text(2, 1, "W", {8, 8, 8});
  CHECK(picture.rgb.size() == 36);
  CHECK(picture.rgb[0] == 9);
  CHECK(picture.rgb[(3 * 4 - 1) * 3] != 9);
}
