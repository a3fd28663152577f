// The matched pair of every geometry against closed forms, against its transpose and against the stack of slices.
#include "ct/cone_projector.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "ct/cone_walk.hpp"
#include "ct/parallel.hpp"
#include "ct_scans.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"
#include "widths.hpp"

using namespace gdm;

namespace {

std::vector<float> forward(const ct::ConeProjector& projector, const Volume& volume) {
  std::vector<float> rays(static_cast<std::size_t>(projector.ray_count()), -1.0F);
  projector.forward(volume.voxels.data(), rays.data());
  return rays;
}

Volume adjoint(const ct::ConeProjector& projector, const std::vector<float>& rays) {
  Volume volume(projector.grid(), -1.0F);
  projector.adjoint(rays.data(), volume.voxels.data());
  return volume;
}

void check_transpose(const ct::ConeProjector& projector) {
  const Volume x = ct::random_volume(projector.grid(), 7);
  const auto y = ct::random_floats(projector.ray_count(), 8);
  const double there = ct::dot(forward(projector, x), y), back = ct::dot(x.voxels, adjoint(projector, y).voxels);
  CHECK(there > 0);
  CHECK(std::abs(there - back) < 1e-5 * there);
}

/// Root mean square error over all rays, in parts of the largest line integral.
double ellipsoid_error(const ct::Geometry& g, std::int64_t size, const ct::Ellipsoid& shape, int samples) {
  const double edge_mm = 128.0 / static_cast<double>(size);
  const Grid grid = Grid::centred({size, size, size}, {edge_mm, edge_mm, edge_mm});
  const ct::ConeProjector projector(g, grid);
  const auto found = forward(projector, ct::drawn(grid, {shape}, samples));
  const auto truth = ct::integrals(projector.scan(), {shape});
  const double rms = std::sqrt(ct::dot(truth, truth) / static_cast<double>(truth.size()));
  return ct::relative_difference(found, truth) * rms / *std::max_element(truth.begin(), truth.end());
}

}  // namespace

TEST_CASE("ct cone: the adjoint is the transpose in every geometry, on every grid") {
  const std::vector<Grid> grids{Grid::centred({33, 28, 43}, {3, 3.5, 2.5}),
                                ct::turned_grid({24, 30, 20}, {3, 3, 3}, 17),
                                ct::sagittal_grid({40, 20, 30}, {2.5, 3, 3})};
  for (const Grid& grid : grids) {
    for (const auto& [name, geometry] : ct::all_scans(30, 26, 5, 5)) {
      CAPTURE(name);
      check_transpose(ct::ConeProjector(geometry, grid));
    }
  }
}

TEST_CASE("ct cone: the adjoint is the transpose however finely the rows lie, in every view by itself") {
  const Grid grid = Grid::centred({20, 22, 70}, {3, 3, 2});
  for (const double row_mm : {0.4, 0.9, 1.2, 2.0, 3.1, 6.0}) {
    auto g = ct::scan_of(ct::ScanKind::cone, 20, 50, 5, 3);
    g.row_spacing_mm = row_mm;
    for (std::int64_t view = 0; view < 3; ++view) {
      CAPTURE(row_mm);
      const ct::ConeProjector one(ct::subset(g, {view}), grid);
      CHECK(one.is_fast());
      check_transpose(one);
    }
  }
}

TEST_CASE("ct cone: whole columns and single rays give the same line integrals") {
  for (const Grid& grid : {Grid::centred({33, 28, 73}, {3, 3.5, 1.5}), ct::sagittal_grid({71, 20, 30}, {1.5, 3, 3})}) {
    const Volume volume = ct::random_volume(grid, 7);
    for (const auto& [name, geometry] : ct::all_scans(30, 26, 5, 5)) {
      CAPTURE(name);
      const ct::ConeProjector projector(geometry, grid);
      CHECK(projector.is_fast() == (name != "tilted cone"));
      std::vector<float> rays(static_cast<std::size_t>(projector.ray_count()));
      ct::forward_rays(projector.scan(), ct::stored_frame(grid), {0, 1, projector.view_count()}, volume.voxels.data(),
                       rays.data());
      CHECK(ct::relative_difference(forward(projector, volume), rays) < 1e-5);
      const auto y = ct::random_floats(projector.ray_count(), 8);
      Volume back(grid, -1.0F);
      ct::adjoint_rays(projector.scan(), ct::stored_frame(grid), {0, 1, projector.view_count()}, y.data(),
                       back.voxels.data());
      CHECK(ct::relative_difference(adjoint(projector, y).voxels, back.voxels) < 1e-5);
    }
  }
}

TEST_CASE("ct cone: line integrals of an ellipsoid are right to 1 %, and of a smooth one to second order") {
  const ct::Ellipsoid solid{{9, -12, 5}, {40, 28, 34}, 0.02, false}, smooth{{9, -12, 5}, {40, 28, 34}, 0.02, true};
  for (const auto& [name, geometry] : ct::all_scans(48, 40, 4, 4)) {
    CAPTURE(name);
    CHECK(ellipsoid_error(geometry, 64, solid, 4) < 0.01);
    const double coarse = ellipsoid_error(geometry, 24, smooth, 1), fine = ellipsoid_error(geometry, 48, smooth, 1);
    CHECK(fine < 0.002);
    CHECK(coarse / fine > 3.0);  // 4 for the second order
    CHECK(coarse / fine < 6.5);
  }
}

TEST_CASE("ct cone: wide and narrow vectors give the same to rounding") {
  for (const double row_mm : {1.5, 2.1, 4.0, 4.4, 6.0, 9.0}) {  // voxels between rows: from .33 to more than one
    CAPTURE(row_mm);
    auto g = ct::scan_of(ct::ScanKind::cone, 37, 53, 3, 6);
    g.row_spacing_mm = row_mm;
    const ct::ConeProjector projector(g, Grid::centred({33, 28, 43}, {3, 3, 3}));
    REQUIRE(projector.is_fast());
    std::vector<std::vector<float>> rays;
    std::vector<Volume> volumes;
    ct::for_each_width([&] {
      check_transpose(projector);
      rays.push_back(forward(projector, ct::random_volume(projector.grid(), 7)));
      volumes.push_back(adjoint(projector, ct::random_floats(projector.ray_count(), 8)));
    });
    CHECK(ct::relative_difference(rays[0], rays[1]) < 1e-5);
    CHECK(ct::relative_difference(volumes[0].voxels, volumes[1].voxels) < 1e-5);
  }
}

TEST_CASE("ct cone: a row that lies in one slice sees that slice, whatever a spacing is rounded to") {
  // Rows are a voxel apart but for rounding, to one side or the other.
  for (const auto& [slices, edge_mm] : {std::pair{30, 6.0}, {33, 2.5}, {40, 2.5}, {64, 3.0}, {128, 2.5}, {50, 0.7}}) {
    CAPTURE(slices);
    Volume volume(Grid::centred({9, 9, slices}, {12, 12, edge_mm}), 0.0F);
    const auto of_slice = [](std::int64_t k) { return 0.01F + 0.001F * static_cast<float>(k); };
    for (std::int64_t k = 0; k < slices; ++k) std::fill_n(&volume.at(0, 0, k), 81, of_slice(k));
    for (const ct::ScanKind kind : {ct::ScanKind::parallel, ct::ScanKind::fan}) {
      auto g = ct::scan_of(kind, 15, slices, 8, 7);
      g.row_spacing_mm = edge_mm;
      const ct::ConeProjector projector(g, volume.grid);
      ct::for_each_width([&] {
        const auto rays = forward(projector, volume);
        double worst = 0;
        for (std::int64_t n = 0; n < projector.ray_count(); ++n) {
          const std::int64_t u = n % 15, v = n / 15 % slices, view = n / (15 * slices);
          const float first = rays[static_cast<std::size_t>(u + 15 * slices * view)];
          const float expected = first / of_slice(0) * of_slice(v);
          worst = std::max<double>(worst, std::abs(rays[static_cast<std::size_t>(n)] - expected));
        }
        CHECK(worst < 1e-4);
      });
    }
  }
}

TEST_CASE("ct cone: oblique and flipped volumes are scanned as they lie in the world") {
  const ct::Ellipsoid shape{{9, -12, 5}, {30, 22, 27}, 0.02, true};
  for (const Grid& grid : {ct::turned_grid({50, 50, 50}, {2, 2, 2}, 25), ct::sagittal_grid({50, 54, 48}, {2, 2, 2})}) {
    const ct::ConeProjector projector(ct::scan_of(ct::ScanKind::cone, 48, 40, 4, 4), grid);
    CHECK(ct::relative_difference(forward(projector, ct::drawn(grid, {shape}, 1)),
                                  ct::integrals(projector.scan(), {shape})) < 0.01);
  }
}

TEST_CASE("ct cone: a parallel beam gives what the stack of slices gives") {
  const Grid grid = Grid::centred({32, 32, 5}, {2, 2, 3});  // i to the left and j to anterior
  const Volume volume = ct::random_volume(grid, 7);
  const ct::ParallelScan scan{6, 45, 2.0, 0.1};
  const auto expected = ct::project(volume, scan);
  auto g = ct::scan_of(ct::ScanKind::parallel, 45, 5, 2, 0);
  g.row_spacing_mm = 3;
  for (std::int64_t view = 0; view < 6; ++view) g.angles_deg.push_back(-57.29577951308232 * scan.angle_rad(view));
  const auto found = forward(ct::ConeProjector(g, grid), volume);
  std::vector<float> same(found.size());
  for (std::int64_t view = 0; view < 6; ++view) {
    for (std::int64_t k = 0; k < 5; ++k) {
      for (std::int64_t d = 0; d < 45; ++d) {
        same[static_cast<std::size_t>(d + 45 * (k + 5 * view))] = expected.line_integrals[expected.offset(d, view, k)];
      }
    }
  }
  CHECK(ct::relative_difference(found, same) < 1e-5);
}

TEST_CASE("ct cone: one thread and two give the same bits, and chosen views those of all") {
  const Grid grid = Grid::centred({40, 31, 77}, {2.5, 3, 1.5});
  const Volume volume = ct::random_volume(grid, 7);
  for (const auto& [name, geometry] : ct::all_scans(30, 26, 5, 6)) {
    CAPTURE(name);
    const ct::ConeProjector projector(geometry, grid);
    set_thread_count(1);
    const auto rays = forward(projector, volume);
    const Volume back = adjoint(projector, rays);
    set_thread_count(2);
    CHECK(rays == forward(projector, volume));
    CHECK(back.voxels == adjoint(projector, rays).voxels);
    set_thread_count(0);
    std::vector<float> some(rays.size(), -5.0F), masked(rays.size(), 0.0F);
    projector.forward_views(1, 3, volume.voxels.data(), some.data());
    const std::size_t per_view = 30 * 26;
    for (std::size_t n = 0; n < rays.size(); ++n) {
      const bool chosen = n / per_view % 3 == 1;
      CHECK(some[n] == (chosen ? rays[n] : -5.0F));
      if (chosen) masked[n] = rays[n];
    }
    Volume part(grid, -1.0F);
    projector.adjoint_views(1, 3, rays.data(), part.voxels.data());
    CHECK(ct::relative_difference(part.voxels, adjoint(projector, masked).voxels) < 1e-6);
  }
}

TEST_CASE("ct cone: a sheared grid is refused") {
  Grid sheared = Grid::centred({8, 8, 8}, {1, 1, 1});
  sheared.ijk_to_ras_mm[0][1] = 0.2;
  CHECK_THROWS_AS(ct::ConeProjector(ct::scan_of(ct::ScanKind::cone, 8, 8, 2, 3), sheared), Error);
}
