// Which grid a model works on, against edges in closed form.
#include <doctest/doctest.h>

#include "image/grid_match.hpp"
#include "io_fixture.hpp"
#include "model/trained_voxels.hpp"

using namespace gdm;

namespace {

Json trained(double least, double median, double largest, double least_ratio, double largest_ratio) {
  return {{"training",
           {{"data",
             {{"voxel_edge_mm", {{"least", least}, {"median", median}, {"largest", largest}}},
              {"anisotropy", {{"least", least_ratio}, {"largest", largest_ratio}}}}}}}};
}

Point3 working_spacing(const Json& description, const Grid& grid) {
  return model::working_grid(description, grid).value_or(Grid::centred({1, 1, 1}, {0.5, 0.5, 0.5})).spacing_mm();
}

void check_spacing(const Point3& found, const Point3& expected) {
  for (std::size_t a = 0; a < 3; ++a) CHECK(found[a] == doctest::Approx(expected[a]));
}

}  // namespace

TEST_CASE("trained voxels: what fits stays, other edges become the median in the proportions that they have") {
  const Json description = trained(1, 1.5, 2, 1, 3);
  CHECK_FALSE(model::working_grid(description, Grid::centred({9, 9, 9}, {1.2, 1.2, 2.9})));
  CHECK_FALSE(model::working_grid({{"kind", "generator"}}, Grid::centred({9, 9, 9}, {9, 9, 9})));
  check_spacing(working_spacing(description, Grid::centred({40, 40, 20}, {0.5, 0.5, 1})),
                {1.5 / std::cbrt(2.0), 1.5 / std::cbrt(2.0), 1.5 * std::cbrt(4.0)});
  const auto grid = model::working_grid(description, Grid::centred({10, 20, 30}, {3, 3, 3}));
  REQUIRE(grid);
  CHECK(grid->shape_ijk == Index3{20, 40, 60});
}

TEST_CASE("trained voxels: the ratio of edges becomes the nearest of the training") {
  const Point3 thinner = working_spacing(trained(1, 1, 1, 1, 1), Grid::centred({40, 40, 20}, {1, 1, 3}));
  check_spacing(thinner, {1, 1, 1});
  const Point3 half_way = working_spacing(trained(2, 2, 2, 1, 2), Grid::centred({40, 40, 20}, {1, 2, 4}));
  check_spacing(half_way, {2 / std::sqrt(2.0), 2, 2 * std::sqrt(2.0)});  // 4 becomes 2, the middle edge stays
  Grid along_j = Grid::centred({40, 20, 40}, {1, 1, 1});
  std::swap(along_j.ijk_to_ras_mm[1], along_j.ijk_to_ras_mm[2]);  // j to superior
  const Point3 slices = working_spacing(trained(2, 2, 2, 8, 8), along_j);
  check_spacing(slices, {1, 8, 1});
}

TEST_CASE("trained voxels: proportions that do not fit become the training's, along the patient's axes") {
  Json description = trained(2, 2.5, 3, 1.3, 2.6);
  description["training"]["data"]["median_edges_mm"] = {{"right", 3.9}, {"anterior", 3.8}, {"superior", 2.5}};
  check_spacing(working_spacing(description, Grid::centred({40, 40, 40}, {2.5, 2.5, 2.5})), {3.9, 3.8, 2.5});
  Grid along_j = Grid::centred({40, 40, 40}, {2.5, 2.5, 2.5});
  std::swap(along_j.ijk_to_ras_mm[1], along_j.ijk_to_ras_mm[2]);  // j to superior
  check_spacing(working_spacing(description, along_j), {3.9, 2.5, 3.8});
  // Where proportions fit and the size does not, they stay.
  check_spacing(working_spacing(description, Grid::centred({40, 40, 40}, {8, 8, 4})),
                {2.5 * std::cbrt(2.0), 2.5 * std::cbrt(2.0), 2.5 / std::cbrt(4.0)});
}

TEST_CASE("trained voxels: what lies far beyond is refused with the figures") {
  const Json description = trained(1, 1.5, 2, 1, 1);
  const auto refusal = [&](const Point3& spacing) {
    return gdm_test::error_of([&] { model::working_grid(description, Grid::centred({9, 9, 9}, spacing)); });
  };
  CHECK(
      gdm_test::contains(refusal({8.1, 8.1, 8.1}),
                         "8.1 mm on average; the model was trained on 1 to 2 mm, to which 0.25 to 8 mm are resampled"));
  CHECK(gdm_test::contains(refusal({0.24, 0.24, 0.24}), "0.24 mm on average"));
  CHECK(
      gdm_test::contains(refusal({1, 1, 8.1}), "8.1 times as long as wide; the model was trained on 1 to 1, to which"));
  CHECK(refusal({7.9, 7.9, 7.9}) == "no error");
  CHECK(refusal({1, 1, 7.9}) == "no error");
}
