// How often encoders look at a patch.
#include "objective/feature_pair.hpp"

#include <doctest/doctest.h>

using gdm::objective::view_count;

TEST_CASE("feature pair: a cube is seen once, a slab in as many views as cubes of its thickness fit") {
  CHECK(view_count(48) == 1);
  CHECK(view_count(96) == 1);
  CHECK(view_count({16, 128, 128}) == 64);
  CHECK(view_count({128, 128, 16}) == 64);
  CHECK(view_count({32, 48, 40}) == 1);
}
