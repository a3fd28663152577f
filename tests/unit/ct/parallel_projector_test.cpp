// The parallel-beam scan as a linear map: adjoint, subsets of views, slabs.
#include <doctest/doctest.h>

#include <cmath>

#include "ct/joseph.hpp"
#include "ct/parallel_projector.hpp"
#include "sys/error.hpp"
#include "sys/random.hpp"

using namespace gdm;

namespace {

std::vector<float> random_values(std::int64_t count, std::uint64_t seed) {
  std::vector<float> values(static_cast<std::size_t>(count));
  Random random(seed);
  for (float& value : values) value = static_cast<float>(random.uniform());
  return values;
}

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t n = 0; n < a.size(); ++n) sum += static_cast<double>(a[n]) * static_cast<double>(b[n]);
  return sum;
}

/// |<A x, y> - <x, A^T y>| / <A x, y> for views first, first + step, ...
double adjoint_error(const ct::Projector& projector, std::int64_t first, std::int64_t step) {
  const auto x = random_values(projector.grid().voxels(), 1);
  const auto y = random_values(projector.ray_count(), 2);
  std::vector<float> image(y.size(), 0.0F), back(x.size());
  projector.forward_views(first, step, x.data(), image.data());
  projector.adjoint_views(first, step, y.data(), back.data());
  const double forward = dot(image, y);
  CHECK(forward > 0);
  return std::abs(forward - dot(x, back)) / forward;
}

ct::ParallelProjector scanner(const Index3& shape, const Point3& spacing_mm, std::int64_t views,
                              std::int64_t rays_per_element = 1) {
  const Grid grid = Grid::centred(shape, spacing_mm);
  ct::ParallelScan scan = ct::default_scan(grid, views);
  scan.first_angle_rad = 0.1;
  return {grid, scan, rays_per_element};
}

}  // namespace

TEST_CASE("ct: the parallel projector's adjoint is its transpose, of all views and of some") {
  const auto projector = scanner({37, 28, 19}, {2.0, 2.6, 3.0}, 13);
  CHECK(adjoint_error(projector, 0, 1) < 1e-6);
  CHECK(adjoint_error(projector, 2, 4) < 1e-6);
  const auto slab = projector.slab();
  CHECK(adjoint_error(*slab, 0, 1) < 1e-6);
  CHECK(adjoint_error(*slab, 1, 3) < 1e-6);
}

TEST_CASE("ct: subsets of views are the views' own rays, and the others stay as they were") {
  const auto projector = scanner({20, 17, 3}, {3.0, 3.0, 3.0}, 7);
  const auto x = random_values(projector.grid().voxels(), 3);
  std::vector<float> all(static_cast<std::size_t>(projector.ray_count())), some(all.size(), -1.0F);
  projector.forward(x.data(), all.data());
  projector.forward_views(1, 3, x.data(), some.data());
  const auto detectors = static_cast<std::size_t>(projector.ray_count() / (7 * 3));
  for (std::size_t m = 0; m < all.size(); ++m) {
    const std::size_t view = m / detectors % 7;
    CHECK(some[m] == (view % 3 == 1 ? all[m] : -1.0F));
  }
}

TEST_CASE("ct: a slab gives each slice what the whole projector gives") {
  const auto projector = scanner({21, 18, 16}, {3.0, 2.0, 3.0}, 5);
  const auto slab = projector.slab();
  const auto x = random_values(projector.grid().voxels(), 4);
  std::vector<float> rays(static_cast<std::size_t>(projector.ray_count())), lanes(x.size()), slab_rays(rays.size());
  const std::size_t pixels = x.size() / 16, per_slice = rays.size() / 16;
  for (std::size_t n = 0; n < x.size(); ++n) lanes[n % pixels * 16 + n / pixels] = x[n];
  projector.forward(x.data(), rays.data());
  // The border that a back-projection leaves must not be seen by the projection after it.
  std::vector<float> back(lanes.size());
  slab->forward(lanes.data(), slab_rays.data());
  slab->adjoint(slab_rays.data(), back.data());
  slab->forward(lanes.data(), slab_rays.data());
  for (std::size_t m = 0; m < rays.size(); ++m) CHECK(slab_rays[m % per_slice * 16 + m / per_slice] == rays[m]);
}

TEST_CASE("ct: an element of some width reads the mean of its rays, and the transpose gives each ray its part") {
  const auto wide = scanner({22, 19, 18}, {2.0, 2.6, 3.0}, 7, 3);
  CHECK(adjoint_error(wide, 0, 1) < 1e-6);
  CHECK(adjoint_error(*wide.slab(), 1, 2) < 1e-6);
  const auto x = random_values(wide.grid().voxels(), 5);
  ct::ParallelScan scan = ct::default_scan(wide.grid(), 7);
  scan.first_angle_rad = 0.1;
  const ct::ParallelProjector rays(wide.grid(), ct::scan_of_rays(scan, 3));
  std::vector<float> of_elements(static_cast<std::size_t>(wide.ray_count())), of_rays(3 * of_elements.size());
  wide.forward(x.data(), of_elements.data());
  rays.forward(x.data(), of_rays.data());
  for (std::size_t m = 0; m < of_elements.size(); ++m) {
    const float mean = (of_rays[3 * m] + of_rays[3 * m + 1] + of_rays[3 * m + 2]) / 3;
    CHECK(of_elements[m] == doctest::Approx(mean).epsilon(1e-5));
  }
  CHECK_THROWS_AS(scanner({4, 4, 4}, {1, 1, 1}, 3, 0), Error);
}
