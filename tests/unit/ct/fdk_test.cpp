// Filtered back-projection of every geometry: absolute HU of water and air, a head phantom, ranges of angles, offsets.
#include "ct/fdk.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "ct/line_frame.hpp"
#include "ct/view_arcs.hpp"
#include "ct_scans.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/parallel.hpp"
#include "widths.hpp"

using namespace gdm;

namespace {

const ct::Ellipsoid water{{6, -8, 2}, {40, 40, 40}, ct::mu_water_per_mm, false};

/// Mean HU over the voxels of which inside(position from the sphere's centre) holds.
template <class Inside>
double mean_hu(const Volume& hu, Inside&& inside) {
  double total = 0, count = 0;
  for (std::int64_t k = 0; k < hu.grid.shape_ijk[2]; ++k) {
    for (std::int64_t j = 0; j < hu.grid.shape_ijk[1]; ++j) {
      for (std::int64_t i = 0; i < hu.grid.shape_ijk[0]; ++i) {
        const Point3 p = hu.grid.ras_of_index({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)});
        if (!inside(difference(p, water.centre_mm))) continue;
        total += hu.at(i, j, k);
        count += 1;
      }
    }
  }
  REQUIRE(count > 50);
  return total / count;
}

/// Water inside and air around the sphere, near the plane of the source.
void check_water(const ct::Geometry& geometry, const Grid& grid) {
  const ct::PosedScan scan(geometry, ct::centre_of(grid));
  const auto rays = ct::integrals(scan, {water});
  const Volume hu = ct::hu_from_attenuation(ct::fdk(geometry, rays.data(), grid, ct::FdkOptions()));
  const auto near_plane = [](const Point3& p) { return std::abs(p[2]) < 12; };
  CHECK(std::abs(mean_hu(hu, [&](const Point3& p) { return near_plane(p) && length(p) < 30; })) < 2);
  CHECK(std::abs(mean_hu(hu, [&](const Point3& p) { return near_plane(p) && length(p) < 8; })) < 2);
  CHECK(std::abs(1000 + mean_hu(hu, [&](const Point3& p) {
                   const double r = std::hypot(p[0], p[1]);
                   return near_plane(p) && r > 44 && r < 52;
                 })) < 5);
}

Grid cube(std::int64_t size, double edge_mm) {
  return Grid::centred({size, size, size}, {edge_mm, edge_mm, edge_mm});
}

/// The slices of cube(60, 2.2) that check_water() looks at.
const Grid slab = Grid::centred({60, 60, 16}, {2.2, 2.2, 2.2});

std::vector<std::int64_t> first_views(std::int64_t count) {
  std::vector<std::int64_t> views;
  for (std::int64_t n = 0; n < count; ++n) views.push_back(n);
  return views;
}

}  // namespace

TEST_CASE("ct fdk: water is 0 HU and air -1000 HU in every geometry") {
  for (const auto& [name, geometry] : ct::all_scans(96, 64, 2, 180)) {
    CAPTURE(name);
    check_water(geometry, slab);
  }
}

TEST_CASE("ct fdk: water stays 0 HU on oblique and flipped grids") {
  const auto cone = ct::scan_of(ct::ScanKind::cone, 96, 64, 2, 120);
  check_water(cone, ct::turned_grid({56, 60, 56}, {2.2, 2.2, 2.2}, 17));
  check_water(cone, ct::sagittal_grid({60, 56, 58}, {2.2, 2.2, 2.2}));
}

TEST_CASE("ct fdk: water is 0 HU from a short scan, from uneven views and from an offset detector") {
  for (const ct::ScanKind kind : {ct::ScanKind::parallel, ct::ScanKind::fan, ct::ScanKind::cone}) {
    CAPTURE(static_cast<int>(kind));
    for (const double range_deg : {200.0, 250.0, 330.0}) {
      CAPTURE(range_deg);
      auto g = ct::scan_of(kind, 96, 64, 2, 180, range_deg);
      check_water(g, slab);
      std::reverse(g.angles_deg.begin(), g.angles_deg.end());
      check_water(g, slab);
    }
    auto offset = ct::scan_of(kind, 64, 64, 2, 180);
    offset.column_offset_mm = kind == ct::ScanKind::parallel ? 30 : 45;
    check_water(offset, slab);
    offset.column_offset_mm = -offset.column_offset_mm;
    check_water(offset, slab);
    const ct::Geometry part = ct::subset(offset, first_views(120));
    const std::vector<float> rays(static_cast<std::size_t>(part.view_count() * part.rays_per_view()), 0.0F);
    CHECK_THROWS_WITH(ct::fdk(part, rays.data(), slab, ct::FdkOptions()),
                      doctest::Contains("which takes a full turn"));  // half of the patient is seen from one side alone
    auto uneven = ct::scan_of(kind, 96, 64, 2, 180);
    for (double& angle : uneven.angles_deg) angle += 0.8 * std::sin(angle);
    check_water(uneven, slab);
  }
  check_water(ct::scan_of(ct::ScanKind::parallel, 96, 64, 2, 150, 180), slab);
  auto curved = ct::scan_of(ct::ScanKind::fan, 96, 64, 2, 150, 210);
  curved.curved_detector = true;
  check_water(curved, slab);
}

namespace {

const ct::Ellipsoid rod{{6, -8, 2}, {40, 40, 1e5}, ct::mu_water_per_mm, false};

/// Poses of a circle, each moved along the axis by up_mm(view).
template <class Up>
ct::Geometry lifted(const ct::Geometry& circular, Up&& up_mm) {
  const ct::PosedScan circle(circular, {0, 0, 0});
  ct::Geometry g = circular;
  g.kind = ct::ScanKind::poses;
  g.angles_deg.clear();
  for (std::int64_t view = 0; view < circle.view_count(); ++view) {
    ct::Pose pose = circle.pose(view);
    pose.source_mm[2] += up_mm(view);
    pose.detector_mm[2] += up_mm(view);
    g.poses.push_back(pose);
  }
  return g;
}

/// Mean and standard deviation of the rod from 30 mm below to 30 mm above the middle, and of the air around it.
void check_rod(const ct::Geometry& g, const Grid& grid, double most_off, double most_deviation) {
  const auto rays = ct::integrals(ct::PosedScan(g, {0, 0, 0}), {rod});
  const Volume hu = ct::hu_from_attenuation(ct::fdk(g, rays.data(), grid, ct::FdkOptions()));
  const auto in_rod = [](const Point3& p) { return std::abs(p[2]) < 30 && std::hypot(p[0], p[1]) < 32; };
  const double inside = mean_hu(hu, in_rod);
  CHECK(std::abs(inside) < most_off);
  Volume squares = hu;
  for (float& value : squares.voxels) value = static_cast<float>(std::pow(static_cast<double>(value) - inside, 2));
  CHECK(std::sqrt(mean_hu(squares, in_rod)) < most_deviation);
  const auto around = [](const Point3& p) {
    const double r = std::hypot(p[0], p[1]);
    return std::abs(p[2]) < 30 && r > 46 && r < 52;
  };
  CHECK(std::abs(1000 + mean_hu(hu, around)) < 15);
}

}  // namespace

TEST_CASE("ct fdk: water is about 0 HU along a helix, whatever its turns, pitch, direction and grid") {
  const Grid grid = Grid::centred({60, 60, 24}, {2.2, 2.2, 3.0});
  const ct::Geometry turns = ct::scan_of(ct::ScanKind::cone, 80, 36, 4, 600, 360 * 5);
  for (const double pitch_mm : {30.0, 55.0, -40.0}) {
    CAPTURE(pitch_mm);
    const auto helix =
        lifted(turns, [&](std::int64_t view) { return (static_cast<double>(view) / 120 - 2.5) * pitch_mm; });
    check_rod(helix, grid, 15, 30);
  }
  const auto helix = lifted(turns, [](std::int64_t view) { return (static_cast<double>(view) / 120 - 2.5) * 40; });
  check_rod(helix, ct::turned_grid({60, 60, 30}, {2.2, 2.2, 3.0}, 20), 15, 30);
  ct::Geometry back = helix;
  std::reverse(back.poses.begin(), back.poses.end());
  check_rod(back, grid, 15, 30);
  ct::FdkOptions masked;
  masked.outside_per_mm = -1.0F;
  const Grid longer = Grid::centred({20, 20, 120}, {6, 6, 4.0});
  const auto rays = ct::integrals(ct::PosedScan(helix, {0, 0, 0}), {rod});
  const Volume mu = ct::fdk(helix, rays.data(), longer, masked);
  CHECK(mu.at(10, 10, 0) == -1.0F);
  CHECK(mu.at(10, 10, 60) > 0.5F * static_cast<float>(ct::mu_water_per_mm));
  ct::Geometry offset = turns;
  offset.column_offset_mm = 60;
  const auto offset_helix = lifted(offset, [](std::int64_t view) { return static_cast<double>(view) / 3; });
  CHECK_THROWS_AS(ct::check_fdk(offset_helix, grid), Error);
}

TEST_CASE("ct fdk: a gantry that wobbles is a circle, in whatever order its views come") {
  const Grid grid = Grid::centred({60, 60, 12}, {2.2, 2.2, 2.2});
  const auto wobble = [](std::int64_t view) { return 3 * std::sin(0.7 * static_cast<double>(view)); };
  for (const double range : {220.0, 360.0}) {
    CAPTURE(range);
    ct::Geometry g = lifted(ct::scan_of(ct::ScanKind::cone, 80, 36, 4, 200, range), wobble);
    check_rod(g, grid, 5, 20);
    std::reverse(g.poses.begin(), g.poses.end());
    check_rod(g, grid, 5, 20);
    Random random(3);
    for (std::size_t n = g.poses.size(); n > 1; --n) {
      std::swap(g.poses[n - 1], g.poses[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(n)))]);
    }
    check_rod(g, grid, 5, 20);
  }
  ct::Geometry behind = lifted(ct::scan_of(ct::ScanKind::cone, 20, 6, 4, 1), wobble);
  CHECK_FALSE(ct::is_helix(ct::PosedScan(behind, {0, 0, 0})));
  for (const double y : {2000.0, -2000.0}) {  // behind the source, or the detector
    behind.isocenter_mm = Point3{0, y, 0};
    CHECK_THROWS_AS(ct::PosedScan(behind, {0, 0, 0}), Error);
  }
}

TEST_CASE("ct fdk: a head phantom is better than 26 dB from 180 views") {
  const Grid grid = cube(64, 2);
  const auto scan = ct::scan_of(ct::ScanKind::cone, 112, 112, 2, 180);
  const auto rays = ct::integrals(ct::PosedScan(scan, {0, 0, 0}), ct::shepp_logan());
  ct::FdkOptions options;
  options.window = ct::Window::shepp_logan;
  const Volume found = ct::fdk(scan, rays.data(), grid, options), truth = ct::drawn(grid, ct::shepp_logan(), 3);
  double squares = 0, absolute = 0;
  for (std::size_t n = 0; n < found.voxels.size(); ++n) {
    squares += std::pow(found.voxels[n] - truth.voxels[n], 2);
    absolute += std::abs(found.voxels[n] - truth.voxels[n]);
  }
  const double count = static_cast<double>(found.voxels.size());
  MESSAGE("PSNR ", -10 * std::log10(squares / count), " dB, mean error ", absolute / count);
  CHECK(-10 * std::log10(squares / count) > 26);
  CHECK(absolute / count < 0.03);
}

TEST_CASE("ct fdk: lines and points of a volume are seen alike") {
  // Poses that are turned by almost nothing against the volume are computed voxel by voxel.
  for (const double row_mm : {0.7, 2.0, 5.0, 9.0}) {
    CAPTURE(row_mm);
    auto g = ct::scan_of(ct::ScanKind::cone, 40, 44, 3, 7);
    g.row_spacing_mm = row_mm;
    const Grid grid = cube(30, 3), turned = ct::turned_grid({30, 30, 30}, {3, 3, 3}, 0.01);
    const auto rays = ct::random_floats(7 * 40 * 44, 3);
    CHECK(ct::frame_along_rows(ct::PosedScan(g, {0, 0, 0}), grid).has_value());
    CHECK(!ct::frame_along_rows(ct::PosedScan(g, {0, 0, 0}), turned).has_value());
    const Volume points = ct::fdk(g, rays.data(), turned, ct::FdkOptions());
    ct::for_each_width([&] {
      const Volume lines = ct::fdk(g, rays.data(), grid, ct::FdkOptions());
      CHECK(ct::relative_difference(lines.voxels, points.voxels) < 0.02);
    });
  }
}

TEST_CASE("ct fdk: wide and narrow vectors give the same to rounding") {
  for (const double row_mm : {1.3, 2.0, 3.5, 7.0, 9.0}) {  // one register of rows, two, and more than two
    CAPTURE(row_mm);
    auto g = ct::scan_of(ct::ScanKind::cone, 41, 50, 3, 9);
    g.row_spacing_mm = row_mm;
    const auto rays = ct::random_floats(9 * 41 * 50, 3);
    std::vector<Volume> found;
    ct::for_each_width([&] { found.push_back(ct::fdk(g, rays.data(), cube(35, 3), ct::FdkOptions())); });
    CHECK(ct::relative_difference(found[0].voxels, found[1].voxels) < 1e-5);
  }
}

TEST_CASE("ct fdk: one thread and two give the same bits") {
  const auto g = ct::scan_of(ct::ScanKind::cone, 40, 44, 3, 9);
  const auto rays = ct::random_floats(9 * 40 * 44, 3);
  set_thread_count(1);
  const Volume one = ct::fdk(g, rays.data(), cube(33, 3), ct::FdkOptions());
  set_thread_count(2);
  CHECK(one.voxels == ct::fdk(g, rays.data(), cube(33, 3), ct::FdkOptions()).voxels);
  set_thread_count(0);
}

TEST_CASE("ct fdk: too short a range is warned of, and a detector beside the axis refused") {
  const auto rays = ct::random_floats(60 * 40 * 4, 3);
  const auto warnings = [&](const ct::Geometry& g) {
    WarningCapture capture;
    ct::fdk(g, rays.data(), cube(8, 3), ct::FdkOptions());
    return capture.warnings().size();
  };
  CHECK(warnings(ct::scan_of(ct::ScanKind::cone, 40, 4, 3, 60, 150)) == 1);
  CHECK(warnings(ct::scan_of(ct::ScanKind::cone, 40, 4, 3, 60, 182)) == 1);  // the fan's angle is lacking
  CHECK(warnings(ct::scan_of(ct::ScanKind::cone, 40, 4, 3, 60, 200)) == 0);
  CHECK(warnings(ct::scan_of(ct::ScanKind::parallel, 40, 4, 3, 60, 180)) == 0);
  CHECK(warnings(ct::scan_of(ct::ScanKind::cone, 40, 4, 3, 60)) == 0);
  auto gap = ct::scan_of(ct::ScanKind::parallel, 40, 4, 3, 60, 180);
  CHECK_FALSE(ct::has_view_gap(ct::PosedScan(gap, {0, 0, 0})));
  for (std::size_t n = 0; n + 1 < 60; ++n) gap.angles_deg[n] = 0.75 * static_cast<double>(n);  // and one at 177
  CHECK(ct::has_view_gap(ct::PosedScan(gap, {0, 0, 0})));
  CHECK(warnings(gap) == 1);
  auto twice = ct::scan_of(ct::ScanKind::cone, 40, 4, 3, 60);
  for (std::size_t n = 0; n < 60; ++n) twice.angles_deg[n] = 12.0 * static_cast<double>(n % 30);
  CHECK(ct::angular_range_deg(ct::PosedScan(twice, {0, 0, 0})) == 360);
  CHECK(warnings(twice) == 0);
  for (std::size_t n = 30; n < 60; ++n) twice.angles_deg[n] += 3.6;  // the second turn slips by .3 of a step
  CHECK(ct::angular_range_deg(ct::PosedScan(twice, {0, 0, 0})) == 360);
  CHECK(warnings(twice) == 0);
  for (const int count : {20, 50, 60}) {  // golden angle
    auto golden = ct::scan_of(ct::ScanKind::parallel, 40, 4, 3, count);
    for (int n = 0; n < count; ++n) golden.angles_deg[static_cast<std::size_t>(n)] = 111.246118 * n;
    CHECK_FALSE(ct::has_view_gap(ct::PosedScan(golden, {0, 0, 0})));
  }
  auto beside = ct::scan_of(ct::ScanKind::cone, 40, 4, 3, 60);
  beside.column_offset_mm = 70;
  CHECK_THROWS_AS(warnings(beside), Error);
  Grid sheared = cube(8, 1);
  sheared.ijk_to_ras_mm[0][1] = 0.2;
  CHECK_THROWS_AS(ct::fdk(ct::scan_of(ct::ScanKind::cone, 40, 4, 3, 60), rays.data(), sheared, {}), Error);
}
