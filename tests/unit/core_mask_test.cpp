// Body masks and what is done with masks.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "image/mask.hpp"
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
