// Body masks and what is done with masks.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "image/mask.hpp"
#include "image/orientation.hpp"
#include "metrics_volumes.hpp"
#include "sys/error.hpp"

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
