// Scans of one anatomy stored in each of the 48 orientations: the same sinogram, and reconstructions on the stored
// grid.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "ct/axial.hpp"
#include "ct/sinogram_file.hpp"
#include "ct_scans.hpp"
#include "io_fixture.hpp"
#include "sys/error.hpp"
#include "sys/random.hpp"

using namespace gdm;

namespace {

std::vector<AxisMap> all_orientations() {
  std::vector<AxisMap> maps;
  std::array<std::size_t, 3> order{0, 1, 2};
  do {
    for (int flips = 0; flips < 8; ++flips) {
      maps.push_back({order, {(flips & 1) != 0, (flips & 2) != 0, (flips & 4) != 0}});
    }
  } while (std::next_permutation(order.begin(), order.end()));
  return maps;
}

/// The centred grid turned about the axes left-right, then head-foot.
Grid tilted(double pitch_deg, double yaw_deg) {
  Grid grid = Grid::centred({9, 7, 5}, {1.0, 1.5, 2.5});
  const double p = pitch_deg / 57.29577951308232, y = yaw_deg / 57.29577951308232;
  const double pitch[3][3] = {{1, 0, 0}, {0, std::cos(p), -std::sin(p)}, {0, std::sin(p), std::cos(p)}};
  const double yaw[3][3] = {{std::cos(y), -std::sin(y), 0}, {std::sin(y), std::cos(y), 0}, {0, 0, 1}};
  for (const auto& turn : {pitch, yaw}) {
    const Matrix4 before = grid.ijk_to_ras_mm;
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 4; ++c) {
        grid.ijk_to_ras_mm[r][c] = turn[r][0] * before[0][c] + turn[r][1] * before[1][c] + turn[r][2] * before[2][c];
      }
    }
  }
  return grid;
}

ct::Sinogram scanned(const Volume& volume) {
  const Volume turned = ct::turned(volume, ct::axial_axes(volume.grid));
  return ct::project(turned, ct::default_scan(turned.grid, 5));
}

}  // namespace

TEST_CASE("axial: in each of the 48 orientations the same anatomy gives the same sinogram, and its own grid back") {
  REQUIRE(all_orientations().size() == 48);
  const std::vector<Grid> grids{Grid::centred({9, 7, 5}, {1.0, 1.5, 2.5}),
                                tilted(20, 0),
                                tilted(-30, 15),
                                tilted(45, 0),
                                tilted(0, 45),
                                tilted(45, 45),
                                tilted(54.7, 45)};
  for (const Grid& grid : grids) {
    const Volume original = ct::random_volume(grid, 3, 0.02);
    const ct::Sinogram expected = scanned(original);
    const AxisMap map = ct::axial_axes(grid);
    const Volume fbp =
        ct::turned_back(ct::filtered_back_projection(expected, reoriented(grid, map), ct::Window::hann), map, grid);
    for (const AxisMap& order : all_orientations()) {
      const Volume stored = reoriented(original, order);
      CAPTURE(stored.grid.orientation());
      const ct::Sinogram found = scanned(stored);
      CHECK(found.slices == expected.slices);
      CHECK(found.scan.detectors == expected.scan.detectors);
      REQUIRE(found.line_integrals == expected.line_integrals);
      const AxisMap axes = ct::axial_axes(stored.grid);
      const Grid projected = reoriented(stored.grid, axes);
      const Volume back =
          ct::turned_back(ct::filtered_back_projection(found, projected, ct::Window::hann), axes, stored.grid);
      CHECK(back.grid.ijk_to_ras_mm == stored.grid.ijk_to_ras_mm);
      CHECK(back.voxels == reoriented(fbp, order).voxels);
    }
  }
}

TEST_CASE("axial: slices lie along the axis nearest to head-foot, and a volume in LPS is left as it is") {
  const Grid lps =
      reoriented(Grid::centred({9, 7, 5}, {1.0, 1.5, 2.5}), axis_map(Grid::centred({1, 1, 1}, {1, 1, 1}), "LPS"));
  CHECK(ct::axial_axes(lps).source == AxisMap().source);
  CHECK(ct::axial_axes(lps).flipped == AxisMap().flipped);
  CHECK(ct::axial_axes(tilted(40, 0)).source[2] == 2);
  CHECK(ct::axial_axes(tilted(50, 0)).source[2] == 1);
  CHECK(reoriented(tilted(140, 0), ct::axial_axes(tilted(140, 0))).orientation() == "LPS");
  CHECK(ct::axial_tilt_deg(lps) == 0.0);
  CHECK(ct::axial_tilt_deg(tilted(20, 70)) == doctest::Approx(20));
  CHECK(ct::axial_tilt_deg(tilted(70, 0)) == doctest::Approx(20));
}

TEST_CASE("axial: a sinogram's sidecar keeps how the volume was turned, one of before was not turned") {
  const gdm_test::TemporaryFolder folder;
  const Volume volume = reoriented(ct::random_volume(tilted(5, 0), 3, 0.02), "SRA");
  ct::StoredSinogram stored;
  stored.grid = volume.grid;
  stored.axes = ct::axial_axes(volume.grid);
  stored.sinogram = scanned(volume);
  const fs::path path = folder / "s.nii";
  ct::write_sinogram(path, stored, Json::object(), Provenance("test", {}), {}, Overwrite::refuse);
  const ct::StoredSinogram read = ct::read_sinogram(path);
  CHECK(read.axes.source == stored.axes.source);
  CHECK(read.axes.flipped == stored.axes.flipped);
  CHECK(read.projected_grid().orientation() == "LPS");
  CHECK(read.sinogram.line_integrals == stored.sinogram.line_integrals);

  auto sidecar = read_sidecar(path);
  auto& details = sidecar["gdm"]["details"]["sinogram"];
  const auto rewrite = [&] { std::ofstream(sidecar_path(path)) << sidecar; };
  for (const std::vector<int>& bad : {std::vector<int>{0, 0, 1}, {0, 1, 3}, {-1, 0, 1}, {0, 1}}) {
    details["axes"]["source"] = bad;
    rewrite();
    CHECK_THROWS_AS(ct::read_sinogram(path), Error);
  }
  details.erase("axes");
  details["grid"]["shape_ijk"] = stored.projected_grid().shape_ijk;
  rewrite();
  CHECK(ct::read_sinogram(path).axes.source == AxisMap().source);
}
