// Shapes of patches: how they are written and read, and what fits what.
#include "model/patch_shape.hpp"

#include <doctest/doctest.h>

#include "model/generator_shape.hpp"
#include "sys/error.hpp"

using gdm::model::PatchShape;

TEST_CASE("patch shape: a number is a cube, three are i, j, k, and files hold what was said") {
  CHECK(PatchShape::from_text("48") == PatchShape(48));
  const PatchShape slab = PatchShape::from_text("128x96x8");
  CHECK(slab == PatchShape(8, 96, 128));
  CHECK(slab.text() == "128x96x8");
  CHECK(PatchShape(32).text() == "32");
  CHECK(gdm::Json(slab).dump() == "[128,96,8]");
  CHECK(gdm::Json(PatchShape(48)).dump() == "48");
  for (const PatchShape& shape : {slab, PatchShape(48)}) CHECK(gdm::Json(shape).get<PatchShape>() == shape);
  CHECK(slab.least() == 8);
  CHECK(slab.voxels() == 8 * 96 * 128);
  CHECK(slab.is_multiple_of(8));
  CHECK_FALSE(slab.is_multiple_of(16));
  CHECK(slab.holds(8));
  CHECK_FALSE(slab.holds(16));
  for (const char* text : {"", "x", "48x", "48x48", "48x48x48x48", "7", "48x48x1024", "4.5", "-48", "48 x48x48"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(PatchShape::from_text(text), gdm::Error);
  }
}

TEST_CASE("patch shape: a slab costs what its voxels cost") {
  gdm::model::GeneratorShape shape;
  shape.widths = {16, 32};
  CHECK(shape.gflop({8, 64, 128}) == doctest::Approx(2 * shape.gflop(32)));
}
