// Sinograms of every kind of scan: files, what they give to those who need not know the kind, and what does not fit.
#include "ct/sinogram_file.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "ct/acquisition.hpp"
#include "ct/axial.hpp"
#include "ct/fine_projector.hpp"
#include "ct_scans.hpp"
#include "io_fixture.hpp"

using namespace gdm;

namespace {

constexpr double mu = ct::mu_water_per_mm;

ct::StoredSinogram stored_of(const ct::Geometry& geometry, const Grid& grid, const Volume& volume) {
  ct::StoredSinogram stored;
  stored.geometry = geometry;
  stored.grid = grid;
  stored.axes = ct::axes_for(grid);
  stored.sinogram.line_integrals.resize(static_cast<std::size_t>(geometry.view_count() * geometry.rays_per_view()));
  ct::project_fine(volume, geometry, 1, stored.sinogram.line_integrals.data());
  return stored;
}

ct::StoredSinogram written_and_read(const gdm_test::TemporaryFolder& folder, const ct::StoredSinogram& stored) {
  ct::write_sinogram(folder / "s.nii", stored, {{"photons", 1e5}}, Provenance("test", {}), {}, Overwrite::replace);
  return ct::read_sinogram(folder / "s.nii");
}

}  // namespace

TEST_CASE("ct sinogram file: every geometry comes back with its rays, its projector and its kind") {
  const gdm_test::TemporaryFolder folder;
  for (const Grid& grid : {Grid::centred({20, 18, 14}, {6, 6, 7}), ct::sagittal_grid({20, 18, 14}, {6, 6, 7}),
                           ct::turned_grid({20, 18, 14}, {6, 6, 7}, 17)}) {
    const Volume volume = ct::drawn(grid, {{{5, -6, 3}, {40, 30, 35}, mu, false}}, 1);
    for (const auto& [name, geometry] : ct::all_scans(24, 16, 6, 8)) {
      CAPTURE(name);
      const ct::StoredSinogram stored = stored_of(geometry, grid, volume);
      const ct::StoredSinogram read = written_and_read(folder, stored);
      CHECK(read.sinogram.line_integrals == stored.sinogram.line_integrals);
      CHECK(read.analytic_method() == "fdk");
      CHECK(read.beam.photons == 1e5);
      REQUIRE(read.geometry);
      CHECK(length(difference(*read.geometry->isocenter_mm, ct::centre_of(grid))) < 1e-4);
      const auto projector = read.make_projector();
      REQUIRE(projector->ray_count() == stored.ray_count());
      std::vector<float> rays(static_cast<std::size_t>(stored.ray_count()));
      projector->forward(ct::turned(volume, read.axes).voxels.data(), rays.data());
      CHECK(ct::relative_difference(rays, stored.sinogram.line_integrals) < 1e-5);
      const Json acquisition = ct::sinogram_acquisition(folder / "s.nii");
      CHECK(acquisition.at("geometry") == ct::scan_kind_names()[static_cast<std::size_t>(geometry.kind)]);
      CHECK(acquisition.at("views") == 8);
      CHECK(acquisition.at("angular_range_deg") == 360);
    }
  }
}

TEST_CASE("ct sinogram file: ranges of angles, and volumes that do not fit their geometry") {
  const gdm_test::TemporaryFolder folder;
  const Grid grid = Grid::centred({10, 10, 10}, {6, 6, 6});
  for (const double range_deg : {180.0, 212.0, 120.0}) {
    const auto geometry = ct::scan_of(ct::ScanKind::cone, 12, 8, 6, 20, range_deg);
    written_and_read(folder, stored_of(geometry, grid, Volume(grid, 0.0F)));
    CHECK(ct::sinogram_acquisition(folder / "s.nii").at("angular_range_deg").get<double>() ==
          doctest::Approx(range_deg));
  }
  write_volume(folder / "s.nii", Volume(Grid::centred({12, 8, 19}, {1, 1, 1}), 0.0F), VoxelType::float32,
               Overwrite::replace);
  const std::string message = gdm_test::error_of([&] { ct::read_sinogram(folder / "s.nii"); });
  CHECK(message.find("found 12 x 8 x 19 values") != std::string::npos);
  CHECK(message.find("12 detector columns, 8 rows, 20 views") != std::string::npos);
}

TEST_CASE("ct sinogram file: a stack gives the same on another grid as on its own") {
  const Grid grid = ct::turned_grid({40, 36, 20}, {3, 3, 4}, 12);  // oblique: slices are scanned as they lie
  const Volume volume = ct::drawn(grid, {{{8, -6, 2}, {35, 28, 30}, mu, false}}, 2);
  ct::StoredSinogram stored;
  stored.grid = grid;
  stored.axes = ct::axial_axes(grid);
  const Volume turned = ct::turned(volume, stored.axes);
  stored.sinogram = ct::project(turned, ct::default_scan(turned.grid, 60));
  const Volume own = stored.back_projection_on(grid, ct::FdkOptions());
  Grid part = grid;  // without its first column of voxels: the same places
  part.shape_ijk[0] -= 1;
  const Point3 origin = grid.ras_of_index({1, 0, 0});
  for (std::size_t r = 0; r < 3; ++r) part.ijk_to_ras_mm[r][3] = origin[r];
  const Volume other = stored.back_projection_on(part, ct::FdkOptions());
  double worst = 0;
  for (std::int64_t k = 0; k < 20; ++k) {
    for (std::int64_t j = 0; j < 36; ++j) {
      for (std::int64_t i = 0; i < 39; ++i) {
        worst = std::max<double>(worst, std::abs(other.at(i, j, k) - own.at(i + 1, j, k)));
      }
    }
  }
  CHECK(worst < 0.002 * mu);
  CHECK(other.grid.shape_ijk[0] == 39);
}

TEST_CASE("ct sinogram file: slices of a stack reach to their edges on a finer grid, and no further") {
  for (const std::int64_t slices : {1, 3}) {
    const Grid grid = Grid::centred({40, 40, slices}, {3, 3, 4});
    ct::StoredSinogram stored;
    stored.grid = grid;
    stored.axes = ct::axial_axes(grid);
    const Volume rod = ct::drawn(grid, {{{0, 0, 0}, {40, 40, 4000}, mu, false}}, 2);
    stored.sinogram = ct::project(ct::turned(rod, stored.axes), ct::default_scan(grid, 90));
    const Grid finer = Grid::centred({40, 40, 4 * (slices + 2)}, {3, 3, 1});
    const Volume found = stored.back_projection_on(finer, ct::FdkOptions());
    for (std::int64_t k = 0; k < finer.shape_ijk[2]; ++k) {
      CAPTURE(k);
      const bool inside = k >= 4 && k < 4 * (slices + 1);
      CHECK(found.at(20, 20, k) == doctest::Approx(inside ? mu : 0.0).epsilon(0.005));
    }
  }
}

TEST_CASE("ct sinogram file: truncation is told by its share, an offset detector's near side is not") {
  const Grid grid = Grid::centred({40, 40, 10}, {4, 4, 4});
  const Volume disc = ct::drawn(grid, {{{0, 0, 0}, {60, 60, 400}, mu, false}}, 1);
  auto geometry = ct::scan_of(ct::ScanKind::parallel, 64, 10, 2.5, 12);
  CHECK(ct::truncated_share(stored_of(geometry, grid, disc)) == 0);
  geometry.column_spacing_mm = 1.5;  // 96 of 120 mm
  CHECK(ct::truncated_share(stored_of(geometry, grid, disc)) == 1);
  geometry.column_offset_mm = 30;
  CHECK(ct::truncated_share(stored_of(geometry, grid, disc)) == 0);
}

TEST_CASE("sinogram: what rays see beside a grid is told by its share, and noise is nothing that they see") {
  const Grid grid = Grid::centred({24, 24, 4}, {4, 4, 4}), inner = Grid::centred({8, 8, 4}, {4, 4, 4});
  const ct::Geometry geometry = ct::scan_of(ct::ScanKind::fan, 60, 4, 6, 30);
  Volume water(grid, 0.0F);
  for (std::int64_t k = 0; k < 4; ++k) {
    for (std::int64_t j = 3; j < 21; ++j) {
      for (std::int64_t i = 3; i < 21; ++i) water.at(i, j, k) = static_cast<float>(ct::mu_water_per_mm);
    }
  }
  for (const double photons : {0.0, 200.0, 1e4}) {
    CAPTURE(photons);
    ct::StoredSinogram stored = stored_of(geometry, grid, water);
    stored.beam.photons = photons;
    if (photons > 0) ct::add_counting_noise(stored.sinogram.line_integrals.data(), stored.blocks(), stored.beam, 3);
    CHECK(std::abs(ct::share_beside(*stored.make_projector(), stored)) < 0.005);
    stored.geometry->isocenter_mm = Point3{0, 0, 0};
    stored.grid = inner;
    CHECK(ct::share_beside(*stored.make_projector(), stored) > 0.1);
  }
}
