// Boxes around masks, and the text of transforms.
#include "prep/crop.hpp"

#include <doctest/doctest.h>

#include "io_fixture.hpp"
#include "prep/registration.hpp"

using namespace gdm;
using namespace gdm::prep;
using gdm_test::contains;
using gdm_test::error_of;

TEST_CASE("crop: the box is the mask and its margin within the grid, and voxels stay where they are") {
  Volume volume(Grid::centred({10, 11, 12}, {2, 3, 4}), 0.0F);
  for (std::size_t n = 0; n < volume.voxels.size(); ++n) volume.voxels[n] = static_cast<float>(n);
  Mask mask(volume.grid, 0);
  mask.at(4, 5, 2) = mask.at(6, 5, 3) = 1;
  const VoxelBox box = box_around(mask, 6);  // 3, 2 and 2 voxels
  CHECK(box.first == Index3{1, 3, 0});
  CHECK(box.shape_ijk == Index3{9, 5, 6});
  const Volume small = cropped(volume, box);
  for (const Index3& at : {Index3{0, 0, 0}, Index3{8, 4, 5}, Index3{3, 2, 1}}) {
    const Index3 from{at[0] + 1, at[1] + 3, at[2]};
    CHECK(small.at(at[0], at[1], at[2]) == volume.at(from[0], from[1], from[2]));
    const auto point = [](const Index3& n) {
      return Point3{static_cast<double>(n[0]), static_cast<double>(n[1]), static_cast<double>(n[2])};
    };
    CHECK(small.grid.ras_of_index(point(at)) == volume.grid.ras_of_index(point(from)));
  }
  CHECK(box_around(mask, 0).shape_ijk == Index3{3, 1, 2});
  CHECK(contains(error_of([&] { box_around(Mask(volume.grid, 0), 1); }), "empty"));
  CHECK(contains(error_of([&] { cropped(volume, {{1, 0, 0}, {10, 1, 1}}); }), "beyond"));
}

TEST_CASE("transform: the text is ITK's, in LPS") {
  Matrix4 map = identity_map();
  map[0][3] = 3;  // to the right, which is against x in LPS
  map[0][2] = 0.5;
  CHECK(transform_text({affine_stage(map)}) ==
        "#Insight Transform File V1.0\n#Transform 0\nTransform: AffineTransform_double_3_3\n"
        "Parameters: 1 0 -0.5 0 1 0 0 0 1 -3 0 0\nFixedParameters: 0 0 0\n");
  const std::string two = transform_text({affine_stage(map), {"X_double_3_3", {1, 2}, {}}});
  CHECK(contains(two, "#Transform 0\nTransform: CompositeTransform_double_3_3\n#Transform 1\n"));
  CHECK(contains(two, "#Transform 2\nTransform: X_double_3_3\nParameters: 1 2\n"));
}

TEST_CASE("registration: what speaks against a result") {
  Registration good;
  good.fall_beside = 0.4;
  good.overlap = 0.9;
  CHECK(doubt(good).empty());
  Registration flat = good, apart = good;
  flat.fall_beside = 0.01;
  apart.overlap = 0.1;
  CHECK(contains(doubt(flat), "1.0 % less"));
  CHECK(contains(doubt(apart), "only 10 %"));
}

TEST_CASE("transform: what was written is read, and what is no transform is said with its line") {
  Matrix4 map = identity_map();
  map[0] = {0.9, -0.1, 0.25, 12.5};
  const Transform two{affine_stage(map), {"X_double_3_3", {1.5, -2e-30}, {7}}};
  const Transform read = parse_transform(transform_text(two));
  REQUIRE(read.size() == 2);
  for (std::size_t n = 0; n < 2; ++n) {
    CHECK(read[n].type == two[n].type);
    CHECK(read[n].parameters == two[n].parameters);
    CHECK(read[n].fixed_parameters == two[n].fixed_parameters);
  }
  const std::string head = "#Insight Transform File V1.0\n";
  CHECK(parse_transform(head + "\r\nTransform: A\r\nParameters: 1 2\r\n").front().parameters.size() == 2);
  CHECK(contains(error_of([&] { parse_transform("Transform: A\n"); }), "no text file of ITK"));
  CHECK(contains(error_of([&] { parse_transform(head); }), "holds no transform"));
  CHECK(contains(error_of([&] { parse_transform(head + "Parameters: 1\n"); }), "line 2: Parameters before any"));
  CHECK(contains(error_of([&] { parse_transform(head + "Transform: A\nParameters: 1 inf\n"); }), "line 3: 'inf'"));
  CHECK(contains(error_of([&] { parse_transform(head + "Transfrom: A\n"); }), "line 2: expected"));
}
