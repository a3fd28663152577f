// Rays over the width of detector elements: the linear model against its transpose, the finer object against sums of
// many small steps.
#include "ct/fine_projector.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "ct_scans.hpp"

using namespace gdm;

namespace {

double trilinear(const Volume& volume, const Point3& at) {
  double total = 0;
  for (int corner = 0; corner < 8; ++corner) {
    double weight = 1;
    Index3 n{};
    for (std::size_t a = 0; a < 3; ++a) {
      const double low = std::floor(at[a]);
      const bool up = (corner >> a & 1) != 0;
      n[a] = static_cast<std::int64_t>(low) + (up ? 1 : 0);
      weight *= up ? at[a] - low : 1 - (at[a] - low);
      if (n[a] < 0 || n[a] >= volume.grid.shape_ijk[a]) weight = 0;
    }
    if (weight > 0) total += weight * volume.at(n[0], n[1], n[2]);
  }
  return total;
}

/// In small steps around the isocentre.
double integral(const Volume& volume, const ct::Ray& ray) {
  const Point3 along = difference(ray.element_mm, ray.source_mm);
  const double length_mm = length(along), reach_mm = 120, step_mm = 0.1;
  const double middle = -inner(ray.source_mm, along) / length_mm;
  double total = 0;
  for (double at = middle - reach_mm; at < middle + reach_mm; at += step_mm) {
    total += trilinear(volume, volume.grid.index_of_ras(sum(ray.source_mm, along, at / length_mm)));
  }
  return total * step_mm;
}

}  // namespace

TEST_CASE("ct fine: the adjoint is the transpose, and elements read the mean of their rays") {
  for (const Grid& grid : {Grid::centred({17, 18, 15}, {5, 5, 6}), ct::turned_grid({17, 18, 15}, {5, 5, 6}, 17)}) {
    for (const auto& [name, geometry] : ct::all_scans(12, 10, 8, 5)) {
      CAPTURE(name);
      const ct::FineProjector projector(geometry, grid, 2);
      const Volume x = ct::random_volume(grid, 7, 0.02);
      const auto y = ct::random_floats(projector.ray_count(), 8);
      std::vector<float> rays(y.size(), -1.0F);
      Volume back(grid, -1.0F);
      projector.forward(x.voxels.data(), rays.data());
      projector.adjoint(y.data(), back.voxels.data());
      const double there = ct::dot(rays, y);
      CHECK(std::abs(there - ct::dot(x.voxels, back.voxels)) < 1e-5 * there);
      const ct::ElementRays across = ct::element_rays(geometry, grid, 2);
      const ct::ConeProjector single(ct::scan_of_rays(geometry, across), grid);
      std::vector<float> singles(static_cast<std::size_t>(single.ray_count()));
      single.forward(x.voxels.data(), singles.data());
      double mean = 0.5 * static_cast<double>(singles[0] + singles[1]);
      if (across.rows == 2) mean = 0.5 * (mean + 0.5 * static_cast<double>(singles[24] + singles[25]));
      CHECK(static_cast<double>(rays[0]) == doctest::Approx(mean));
      std::vector<float> some(y.size(), -1.0F);
      projector.forward_views(1, 3, x.voxels.data(), some.data());
      CHECK(some[0] == -1.0F);
      CHECK(some[120] == rays[120]);
      CHECK(some[480] == rays[480]);
    }
  }
}

TEST_CASE("ct fine: oversampled elements hold the mean transmission of rays through the interpolated object") {
  const Grid straight = Grid::centred({12, 14, 10}, {7, 6, 8});
  for (const Grid& grid : {straight, ct::turned_grid({12, 14, 10}, {7, 6, 8}, 30)}) {
    const Volume volume = ct::random_volume(grid, 7, 0.02);
    for (const auto& [name, geometry] : ct::all_scans(8, 6, 14, 3)) {
      CAPTURE(name);
      constexpr std::int64_t times = 3;
      std::vector<float> found(static_cast<std::size_t>(3 * geometry.rays_per_view()));
      ct::project_fine(volume, geometry, times, found.data());
      const ct::ElementRays across = ct::element_rays(geometry, grid, times);
      const ct::PosedScan fine(ct::scan_of_rays(geometry, across), ct::centre_of(grid));
      std::vector<double> truth;
      std::vector<float> at;
      for (std::int64_t ray = 0; ray < 3 * 48; ray += 7) {
        const std::int64_t u = ray % 8, v = ray / 8 % 6, view = ray / 48;
        double sum = 0;
        for (std::int64_t n = 0; n < across.count(); ++n) {
          sum += std::exp(-integral(volume, fine.ray(view, static_cast<double>(u * times + n % times),
                                                     static_cast<double>(v * across.rows + n / times))));
        }
        truth.push_back(-std::log(sum / static_cast<double>(across.count())));
        at.push_back(found[static_cast<std::size_t>(ray)]);
      }
      CHECK(ct::relative_difference(at, truth) < 0.004);
    }
  }
}

TEST_CASE("ct fine: a row that sees one slice sees all of it and no other, the outermost ones too") {
  const Grid grid = Grid::centred({17, 18, 3}, {5, 5, 6});
  for (auto& [name, geometry] : ct::all_scans(12, 3, 8, 5)) {
    if (geometry.kind != ct::ScanKind::fan && geometry.kind != ct::ScanKind::parallel) continue;
    if (geometry.detector_tilt_deg != 0) continue;
    CAPTURE(name);
    ct::Geometry rows = geometry;
    rows.row_spacing_mm = 6;
    rows.row_offset_mm = 0;
    CHECK(ct::element_rays(rows, grid, 3).rows == 1);
    const Volume volume(grid, 0.02F);
    for (const std::int64_t oversample : {2, 3}) {
      std::vector<float> found(static_cast<std::size_t>(rows.view_count() * rows.rays_per_view()));
      ct::project_fine(volume, rows, oversample, found.data());
      std::vector<float> by_rays(found.size());
      ct::FineProjector(rows, grid, oversample).forward(volume.voxels.data(), by_rays.data());
      for (const std::vector<float>& rays : {found, by_rays}) {
        CHECK(rays[6] > 0.5F);  // 30 mm of it at least
        CHECK(rays[6] == doctest::Approx(rays[6 + 12]));
        CHECK(rays[6 + 24] == doctest::Approx(rays[6 + 12]));
      }
    }
    rows.row_spacing_mm = 12;
    CHECK(ct::element_rays(rows, grid, 3).rows == 3);
    CHECK(ct::element_rays(rows, Grid::centred({17, 18, 1}, {5, 5, 6}), 3).rows == 1);
  }
  for (const auto& [name, geometry] : ct::all_scans(12, 3, 8, 5)) {
    if (geometry.kind == ct::ScanKind::cone) CHECK(ct::element_rays(geometry, grid, 3).rows == 3);
  }
}
