// The absolute error at the mask's edge and in its interior.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "grade/metric.hpp"
#include "metrics/surface.hpp"
#include "metrics_volumes.hpp"

using namespace gdm;
using namespace gdm::metrics;
using namespace gdm::grade;

namespace {

struct Parts {
  std::optional<double> edge_hu, interior_hu;
};

Parts parts_of(const Volume& prediction, const Volume& target, const Mask& mask) {
  Settings settings;
  settings.selection = "mae_edge,mae_interior";
  const auto values = measure({prediction, target, mask}, settings, metric_list(settings)).values();
  return {values.at(0), values.at(1)};
}

/// A box of voxels first <= index < last inside.
Mask box(const Grid& grid, const Index3& first, const Index3& last) {
  Mask mask(grid, 0);
  for (std::int64_t k = first[2]; k < last[2]; ++k)
    for (std::int64_t j = first[1]; j < last[1]; ++j)
      for (std::int64_t i = first[0]; i < last[0]; ++i) mask.at(i, j, k) = 1;
  return mask;
}

std::int64_t count(const Mask& mask) {
  std::int64_t n = 0;
  for (const std::uint8_t v : mask.voxels) n += v != 0 ? 1 : 0;
  return n;
}

/// near_surface() by all pairs of voxels.
Mask near_by_pairs(const Mask& mask, double distance_mm) {
  const Index3& shape = mask.grid.shape_ijk;
  const Point3 spacing = mask.grid.spacing_mm();
  const auto inside = [&](const Index3& at) {
    for (std::size_t a = 0; a < 3; ++a) {
      if (at[a] < 0 || at[a] >= shape[a]) return true;  // no surface at the border of the image
    }
    return mask.at(at[0], at[1], at[2]) != 0;
  };
  std::vector<Index3> surface, all;
  for (std::int64_t k = 0; k < shape[2]; ++k)
    for (std::int64_t j = 0; j < shape[1]; ++j)
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        const Index3 at{i, j, k};
        if (!inside(at)) continue;
        all.push_back(at);
        bool buried = true;
        for (std::size_t a = 0; a < 3; ++a) {
          for (const std::int64_t step : {-1, 1}) {
            Index3 next = at;
            next[a] += step;
            buried = buried && inside(next);
          }
        }
        if (!buried) surface.push_back(at);
      }
  Mask near(mask.grid, 0);
  for (const Index3& at : all) {
    double least = std::numeric_limits<double>::infinity();
    for (const Index3& s : surface) {
      double squared = 0;
      for (std::size_t a = 0; a < 3; ++a) squared += std::pow(static_cast<double>(at[a] - s[a]) * spacing[a], 2);
      least = std::min(least, squared);
    }
    if (std::sqrt(least) <= distance_mm + 1e-3) near.at(at[0], at[1], at[2]) = 1;
  }
  return near;
}

}  // namespace

TEST_CASE("edge: the error of a box splits into its shell and its core") {
  // Depths of the shell along i, j, k: 4, 2 and 1 voxels (0, 1, 2, 3 mm; 0, 2 mm; 0 mm).
  const Grid grid = Grid::centred({30, 20, 12}, {1.0, 2.0, 4.0});
  const Mask mask = box(grid, {3, 3, 2}, {25, 17, 9}), core = box(grid, {7, 5, 3}, {21, 15, 8});
  const Volume target(grid, 40.0F);
  Volume prediction(grid, 940.0F);
  for (std::size_t n = 0; n < mask.voxels.size(); ++n) {
    if (mask.voxels[n] != 0) prediction.voxels[n] = core.voxels[n] != 0 ? 35.0F : 100.0F;
  }
  const Parts parts = parts_of(prediction, target, mask);
  CHECK(parts.edge_hu.value() == 60.0);
  CHECK(parts.interior_hu.value() == 5.0);
  // They add up to the MAE.
  const double n = static_cast<double>(count(mask)), inner = static_cast<double>(count(core));
  Settings settings;
  settings.selection = "mae";
  const auto mae = measure({prediction, target, mask}, settings, metric_list(settings)).values().at(0);
  CHECK(mae.value() == doctest::Approx((60.0 * (n - inner) + 5.0 * inner) / n));
}

TEST_CASE("edge: at least the surface voxels, the border of the image is none") {
  const Grid coarse = Grid::centred({9, 9, 9}, {5, 5, 5});
  const Mask cube = box(coarse, {2, 2, 2}, {7, 7, 7});
  CHECK(count(near_surface(cube, 3.0)) == 125 - 27);
  CHECK(count(near_surface(cube, 0.0)) == 125 - 27);
  // Cut off by the field of view at both ends of k: a tube, whose ends are no surface.
  const Mask tube = box(coarse, {2, 2, 0}, {7, 7, 9});
  CHECK(count(near_surface(tube, 3.0)) == 9 * (25 - 9));
  const Volume flat(coarse, 0.0F), other(coarse, 7.0F);
  const Parts full = parts_of(other, flat, Mask(coarse, 1));
  CHECK_FALSE(full.edge_hu.has_value());
  CHECK(full.interior_hu == 7.0);
  const Parts thin = parts_of(other, flat, box(coarse, {2, 2, 2}, {7, 7, 4}));
  CHECK(thin.edge_hu == 7.0);
  CHECK_FALSE(thin.interior_hu.has_value());
  CHECK(count(near_surface(Mask(coarse, 0), 3.0)) == 0);
}

TEST_CASE("edge: nearness equals that of all pairs of voxels") {
  for (std::int64_t p = 0; p < 4; ++p) {
    const test::Segments segments = test::golden_segments(p);
    for (const double distance_mm : {0.0, 1.6, 3.0, 7.0}) {
      CAPTURE(p);
      CAPTURE(distance_mm);
      CHECK(near_surface(segments.target, distance_mm).voxels == near_by_pairs(segments.target, distance_mm).voxels);
    }
  }
  const test::Segments speckled = test::golden_segments(5);
  CHECK(near_surface(speckled.prediction, 1.0).voxels == near_by_pairs(speckled.prediction, 1.0).voxels);
}
