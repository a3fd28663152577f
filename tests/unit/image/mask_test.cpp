// Body masks and what is done with masks.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "image/mask.hpp"
#include "image/orientation.hpp"
#include "metrics_volumes.hpp"
#include "sys/error.hpp"
#include "sys/random.hpp"

using namespace gdm;

TEST_CASE("mask: with_outside leaves the inside as it is and nothing else") {
  const Grid grid = Grid::centred({3, 2, 2}, {1, 1, 1});
  Volume volume(grid, 40.0F);
  volume.at(0, 0, 0) = std::numeric_limits<float>::quiet_NaN();
  Mask mask(grid, 0);
  mask.at(1, 1, 1) = 1;
  mask.at(2, 0, 1) = 7;  // whatever is not 0 is inside
  const Volume result = with_outside(volume, mask);
  CHECK(result.at(1, 1, 1) == 40.0F);
  CHECK(result.at(2, 0, 1) == 40.0F);
  CHECK(std::count(result.voxels.begin(), result.voxels.end(), air_hu) == 10);
  CHECK(with_outside(volume, mask, 5.0F).at(0, 0, 0) == 5.0F);
  CHECK_THROWS_AS(with_outside(volume, Mask(Grid::centred({2, 3, 2}, {1, 1, 1}), 1)), Error);
}

TEST_CASE("mask: a body is the same points in the patient however its file orders and flips the axes") {
  const Volume ct = test::lopsided_pair().target;
  const Mask mask = body_mask_from_ct(ct);
  CHECK(mask.at(20, 10, 25) == 1);  // the trachea leaves at the top, so its slices close it
  CHECK(mask.at(10, 30, 25) == 0);  // the sinus opens to the front in its slices, though closed in coronal ones
  for (const std::string& letters : test::all_orientations()) {
    CAPTURE(letters);
    const Volume stored = reoriented(ct, letters);
    const Mask again = body_mask_from_ct(stored);
    CHECK(again.grid.ijk_to_ras_mm == stored.grid.ijk_to_ras_mm);
    CHECK(reoriented(again, ct.grid.orientation()).voxels == mask.voxels);
  }
}

TEST_CASE("mask: of two equally large bodies the same one is taken however the axes are ordered and flipped") {
  Volume ct(Grid::centred({9, 7, 8}, {1, 1, 1}), -1000.0F);
  for (const std::int64_t i : {1, 6}) ct.at(i, 3, 4) = ct.at(i + 1, 3, 4) = 0.0F;
  const Mask mask = body_mask_from_ct(ct);
  CHECK(count_inside(mask) == 2);
  for (const std::string& letters : test::all_orientations()) {
    CAPTURE(letters);
    CHECK(reoriented(body_mask_from_ct(reoriented(ct, letters)), "LAS").voxels == mask.voxels);
  }
}

namespace {

/// A disc of tissue with a lung in it, 2 mm voxels, that lies on a hollow table with walls of two voxels.
struct OnTable {
  Volume ct;
  Mask patient;
};
OnTable on_table() {
  const Grid grid = Grid::centred({80, 80, 6}, {2, 2, 3});
  OnTable scene{Volume(grid, -1000.0F), Mask(grid, 0)};
  for (std::int64_t k = 0; k < 6; ++k) {
    for (std::int64_t j = 0; j < 80; ++j) {
      for (std::int64_t i = 0; i < 80; ++i) {
        const double x = static_cast<double>(i) - 40, y = static_cast<double>(j) - 45;
        const bool table = j >= 8 && j < 20 && i >= 4 && i < 76;  // the patient's lowest row is 20
        if (table) scene.ct.at(i, j, k) = j < 10 || j >= 18 || i < 6 || i >= 74 ? 300.0F : -900.0F;
        if (x * x + y * y > 25.5 * 25.5) continue;
        scene.ct.at(i, j, k) = x * x + y * y < 15 * 15 ? -850.0F : 30.0F;
        scene.patient.at(i, j, k) = 1;
      }
    }
  }
  return scene;
}

double dice(const Mask& a, const Mask& b) {
  std::int64_t both = 0;
  for (std::size_t n = 0; n < a.voxels.size(); ++n) both += a.voxels[n] != 0 && b.voxels[n] != 0;
  return 2.0 * static_cast<double>(both) / static_cast<double>(count_inside(a) + count_inside(b));
}

}  // namespace

TEST_CASE("mask: a table that touches the patient stays outside, whatever the order of axes") {
  const OnTable scene = on_table();
  CHECK(dice(body_mask_from_ct(scene.ct), scene.patient) < 0.9);  // all of the table
  const Mask mask = body_mask_beside_table(scene.ct);
  CHECK(dice(mask, scene.patient) > 0.98);
  CHECK(mask.at(40, 45, 3) == 1);  // the lung
  CHECK(mask.at(6, 9, 3) == 0);
  CHECK(mask.at(40, 12, 3) == 0);  // the inside of the table
  for (const std::string& letters : test::all_orientations()) {
    CAPTURE(letters);
    const Mask again = body_mask_beside_table(reoriented(scene.ct, letters));
    CHECK(reoriented(again, scene.ct.grid.orientation()).voxels == mask.voxels);
  }
}

TEST_CASE("mask: the border of the image is no surface, and air has no body") {
  const Grid grid = Grid::centred({20, 20, 4}, {2, 2, 2});
  CHECK(count_inside(body_mask_beside_table(Volume(grid, 30.0F))) == grid.voxels());
  CHECK(count_inside(body_mask_beside_table(Volume(grid, -1000.0F))) == 0);
}

TEST_CASE("mask: a body stands out from Rician noise, and one value alone is none") {
  Volume image(Grid::centred({30, 28, 12}, {4, 4, 5}), 0.0F);
  Random random(5);
  std::int64_t truth = 0, wrong = 0;
  const auto is_body = [](std::int64_t i, std::int64_t j) {
    return std::pow((static_cast<double>(i) - 14.5) / 10, 2) + std::pow((static_cast<double>(j) - 13.5) / 9, 2) < 1;
  };
  for (std::int64_t k = 0; k < 12; ++k) {
    for (std::int64_t j = 0; j < 28; ++j) {
      for (std::int64_t i = 0; i < 30; ++i) {
        const bool dark = (i / 4) % 3 == 0;  // tissue not far above the noise
        const double signal = is_body(i, j) ? (dark ? 350 : 900) : 0;
        image.at(i, j, k) = static_cast<float>(std::hypot(signal + 40 * random.normal(), 40 * random.normal()));
      }
    }
  }
  const Mask body = body_mask_from_image(image);
  for (std::int64_t k = 0; k < 12; ++k) {
    for (std::int64_t j = 0; j < 28; ++j) {
      for (std::int64_t i = 0; i < 30; ++i) {
        truth += is_body(i, j) ? 1 : 0;
        wrong += is_body(i, j) != (body.at(i, j, k) != 0) ? 1 : 0;
      }
    }
  }
  CHECK(static_cast<double>(wrong) < 0.02 * static_cast<double>(truth));
  CHECK(count_inside(body_mask_from_image(Volume(image.grid, 3.0F))) == 0);
}

TEST_CASE("mask: widened by what lies within reach in its slices") {
  Mask mask(Grid::centred({11, 11, 3}, {2, 1, 1}), 0);
  mask.at(5, 5, 1) = 1;
  const Mask wide = widened(mask, 2);
  CHECK(count_inside(wide) == 7);  // along i one voxel on each side, along j two
  CHECK(wide.at(6, 5, 1) == 1);
  CHECK(wide.at(5, 7, 1) == 1);
  CHECK(wide.at(6, 6, 1) == 0);
  CHECK(wide.at(5, 5, 0) == 0);
}
