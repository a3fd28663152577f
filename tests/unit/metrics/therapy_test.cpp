// Therapy proxies: water-equivalent paths through slabs and inserts; gamma of ramps and of shifted doses.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "grade/metric.hpp"
#include "metrics/gamma_index.hpp"
#include "metrics/water_path.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

using namespace gdm;
using namespace gdm::metrics;
using namespace gdm::grade;

namespace {

template <class Body>
Volume filled(const Grid& grid, Body&& value) {
  Volume volume(grid, 0.0F);
  for (std::int64_t k = 0; k < grid.shape_ijk[2]; ++k) {
    for (std::int64_t j = 0; j < grid.shape_ijk[1]; ++j) {
      for (std::int64_t i = 0; i < grid.shape_ijk[0]; ++i) {
        volume.at(i, j, k) = static_cast<float>(
            value(grid.ras_of_index({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)})));
      }
    }
  }
  return volume;
}

Mask only(const Grid& grid, std::int64_t i, std::int64_t j, std::int64_t k) {
  Mask mask(grid, 0);
  mask.at(i, j, k) = 1;
  return mask;
}

WaterPathOptions from(double gantry_deg) {
  WaterPathOptions options;
  options.gantry_deg = {gantry_deg};
  return options;
}

/// Gamma without bounds, order or early ends, on the same sample positions.
double direct_gamma(const Volume& reference, const Volume& evaluated, const Index3& at, const GammaOptions& options,
                    double maximum) {
  const Point3 spacing = reference.grid.spacing_mm();
  const Index3& n = reference.grid.shape_ijk;
  Index3 parts{}, reach{};
  for (std::size_t a = 0; a < 3; ++a) {
    parts[a] = static_cast<std::int64_t>(std::ceil(spacing[a] * options.steps / options.distance_mm - 1e-9));
    reach[a] = static_cast<std::int64_t>(std::ceil(options.cap * options.distance_mm / spacing[a])) * parts[a];
  }
  double best = options.cap * options.cap;
  for (std::int64_t c = -reach[2]; c <= reach[2]; ++c) {
    for (std::int64_t b = -reach[1]; b <= reach[1]; ++b) {
      for (std::int64_t a = -reach[0]; a <= reach[0]; ++a) {
        const Index3 step{a, b, c};
        Index3 low{};
        Point3 t{};
        double distance2 = 0;
        bool inside = true;
        for (std::size_t x = 0; x < 3; ++x) {
          const std::int64_t position = at[x] * parts[x] + step[x];
          inside = inside && position >= 0 && position <= (n[x] - 1) * parts[x];
          low[x] = std::min(position / parts[x], n[x] - 2);
          t[x] = static_cast<double>(position - low[x] * parts[x]) / static_cast<double>(parts[x]);
          distance2 += std::pow(
              static_cast<double>(step[x]) / static_cast<double>(parts[x]) * spacing[x] / options.distance_mm, 2);
        }
        if (!inside) continue;
        double dose = 0;
        for (int corner = 0; corner < 8; ++corner) {
          const std::int64_t i = corner & 1, j = (corner >> 1) & 1, k = corner >> 2;
          dose += (i != 0 ? t[0] : 1 - t[0]) * (j != 0 ? t[1] : 1 - t[1]) * (k != 0 ? t[2] : 1 - t[2]) *
                  static_cast<double>(evaluated.at(low[0] + i, low[1] + j, low[2] + k));
        }
        const double difference =
            (dose - static_cast<double>(reference.at(at[0], at[1], at[2]))) / (options.dose_difference * maximum);
        best = std::min(best, distance2 + difference * difference);
      }
    }
  }
  return std::sqrt(best);
}

}  // namespace

TEST_CASE("water path: a slab of water against vacuum is its thickness, from each side") {
  const Grid grid = Grid::centred({40, 30, 3}, {2, 2, 5});  // i to the left, j to the front
  const Volume water(grid, 0.0F), air(grid, -1000.0F);
  const Mask body(grid, 1);
  const Mask point = only(grid, 30, 8, 1);
  // To the centre of voxel (30, 8): from the front 21.5 voxels of 2 mm, from the left 9.5, and so on.
  CHECK(water_path_error(water, air, body, point, from(0)).mean_mm == doctest::Approx(2 * 21.5));
  CHECK(water_path_error(water, air, body, point, from(180)).mean_mm == doctest::Approx(2 * 8.5));
  CHECK(water_path_error(water, air, body, point, from(90)).mean_mm == doctest::Approx(2 * 9.5));
  CHECK(water_path_error(water, air, body, point, from(270)).mean_mm == doctest::Approx(2 * 30.5));
  const WaterPathError all = water_path_error(water, air, body, body);
  CHECK(all.samples == 4 * grid.voxels());
  CHECK(all.bias_mm == doctest::Approx(all.mean_mm));
  CHECK(all.mean_mm == doctest::Approx(0.5 * (30.0 + 40.0)));  // half of 60 mm and of 80 mm, twice each
  CHECK(all.mean_by_angle_mm.size() == 4);
  CHECK(all.mean_by_angle_mm[0] == doctest::Approx(30.0));
  CHECK(water_path_error(air, water, body, body).bias_mm == doctest::Approx(-all.mean_mm));
  CHECK(water_path_error(air, water, body, body).p95_mm == doctest::Approx(all.p95_mm));
  CHECK(all.p95_mm == doctest::Approx(72.0).epsilon(0.02));  // half of x / 60 and of x / 80 sum to 0.95: 72 mm
}

TEST_CASE("water path: a bone insert shifts what lies behind it, at oblique angles too") {
  const Grid grid = Grid::centred({80, 80, 2}, {1, 1, 3});
  const Mask body(grid, 1);
  const Volume water(grid, 0.0F);
  const double bone_hu = 1000.0, excess = 1000.0 / 1950.0;
  const Volume bone = filled(grid, [&](const Point3& p) { return p[1] > 10 && p[1] < 20 ? bone_hu : 0.0; });
  CHECK(water_path_error(bone, water, body, only(grid, 40, 10, 0), from(0)).mean_mm == doctest::Approx(10 * excess));
  CHECK(water_path_error(bone, water, body, only(grid, 40, 75, 0), from(0)).mean_mm == 0);
  CHECK(water_path_error(bone, water, body, only(grid, 40, 10, 0), from(180)).mean_mm == 0);
  Mask behind(grid, 0);  // several voxels: samples of a turned beam may miss one
  for (std::int64_t j = 28; j < 33; ++j) {
    for (std::int64_t i = 38; i < 43; ++i) behind.at(i, j, 1) = 1;
  }
  for (const double angle : {20.0, -30.0, 390.0}) {  // longer by 1 / cos
    const double expected = 10 * excess / std::cos(angle * 3.14159265358979 / 180.0);
    CHECK(water_path_error(bone, water, body, behind, from(angle)).mean_mm == doctest::Approx(expected).epsilon(0.01));
  }
  // Gantry 90 comes from the patient's left, which is low x: bone at x < -30 lies in front of everything.
  const Volume left = filled(grid, [&](const Point3& p) { return p[0] < -30 ? bone_hu : 0.0; });
  CHECK(water_path_error(left, water, body, only(grid, 20, 40, 0), from(90)).mean_mm == doctest::Approx(10 * excess));
  CHECK(water_path_error(left, water, body, only(grid, 20, 40, 0), from(270)).mean_mm == 0);
}

TEST_CASE("water path: the grid's axis order does not matter, the outside does not either") {
  const Grid grid = Grid::centred({24, 20, 6}, {1.5, 1.5, 3});
  Grid turned = grid;  // axes k, i, j with j running backwards
  turned.shape_ijk = {6, 24, 20};
  for (std::size_t r = 0; r < 3; ++r) {
    turned.ijk_to_ras_mm[r][0] = grid.ijk_to_ras_mm[r][2];
    turned.ijk_to_ras_mm[r][1] = grid.ijk_to_ras_mm[r][0];
    turned.ijk_to_ras_mm[r][2] = -grid.ijk_to_ras_mm[r][1];
    turned.ijk_to_ras_mm[r][3] = grid.ijk_to_ras_mm[r][3] + 19 * grid.ijk_to_ras_mm[r][1];
  }
  const auto prediction = [](const Point3& p) { return 40 * p[0] + 11 * p[1] * p[1] - 6 * p[2] - 600; };
  const auto target = [](const Point3& p) { return 900 * std::sin(p[0] + 0.3 * p[1] * p[2]); };
  WaterPathOptions options;
  options.gantry_deg = {0, 90, 45, 200};
  const auto error = [&](const Grid& on) {
    Volume p = filled(on, prediction);
    const Volume t = filled(on, target);
    Mask body(on, 1);
    for (std::size_t n = 0; n < body.voxels.size(); ++n) {
      const bool inside = std::abs(t.voxels[n]) < 850.0F;
      body.voxels[n] = inside ? 1 : 0;
      if (!inside) p.voxels[n] = NAN;
    }
    return water_path_error(p, t, body, body, options);
  };
  const WaterPathError a = error(grid), b = error(turned);
  CHECK(a.samples == b.samples);
  for (std::size_t n = 0; n < 4; ++n) {
    CHECK(a.mean_by_angle_mm[n] == doctest::Approx(b.mean_by_angle_mm[n]).epsilon(1e-6));
  }
  CHECK(a.p95_mm == doctest::Approx(b.p95_mm).epsilon(1e-3));
  const int before = thread_count();
  set_thread_count(1);
  const double one = error(grid).mean_mm;
  set_thread_count(3);
  CHECK(error(grid).mean_mm == one);
  set_thread_count(before);
}

TEST_CASE("water path: equal volumes, bad tables, empty masks") {
  const Grid grid = Grid::centred({10, 10, 2}, {1, 1, 1});
  const Volume water(grid, 0.0F);
  const Mask body(grid, 1), empty(grid, 0);
  const WaterPathError same = water_path_error(water, water, body, body);
  CHECK(same.mean_mm == 0);
  CHECK(same.p95_mm == 0);
  CHECK_THROWS_AS(water_path_error(water, water, empty, body), Error);
  CHECK_THROWS_AS(water_path_error(water, water, body, empty), Error);
  CHECK_THROWS_AS(water_path_error(water, water, body, Mask(Grid::centred({9, 10, 2}, {1, 1, 1}), 1)), Error);
  WaterPathOptions options;
  options.table = {{0, 1}, {0, 2}};
  CHECK_THROWS_AS(water_path_error(water, water, body, body, options), Error);
  CHECK_THROWS_AS(water_path_error(water, water, body, body, {{}, thomas_density_table()}), Error);
  const auto table = thomas_density_table();
  CHECK(table[1].relative_density == doctest::Approx(1.0 + table[1].hu / 1000.0));
  for (std::size_t n = 2; n < table.size(); ++n) {
    CHECK(table[n].relative_density == doctest::Approx(1.0 + table[n].hu / 1950.0));
  }
}

TEST_CASE("therapy: the group's values are those of the functions, and gamma of an input without a dose is undefined") {
  const Grid grid = Grid::centred({20, 16, 4}, {2, 2, 3}), coarse = Grid::centred({8, 8, 4}, {4, 4, 3});
  const Volume prediction(grid, 100.0F), target(grid, 0.0F), dose(coarse, 10.0F), lower(coarse, 9.9F);
  const Mask body(grid, 1);
  Settings settings;
  settings.selection = "therapy";
  CHECK(metric_list(settings).size() == 3);
  settings.gamma = gamma_from_text("2%/2mm");
  const std::vector<Metric> metrics = metric_list(settings);
  CaseVolumes volumes{prediction, target, body};
  volumes.target_dose = &dose;
  volumes.predicted_dose = &lower;
  const auto values = measure(volumes, settings, metrics).values();
  const WaterPathError path = water_path_error(prediction, target, body, body);
  REQUIRE(values.size() == 5);
  CHECK(*values[0] == path.mean_mm);
  CHECK(*values[0] == doctest::Approx(0.1 * 18.0));  // a tenth of the mean depth, (20 + 16) / 2 mm
  CHECK(*values[1] == path.p95_mm);
  CHECK(*values[2] == path.bias_mm);
  CHECK(*values[3] == 100.0);
  CHECK(*values[4] == doctest::Approx(0.5).epsilon(1e-4));
  volumes.predicted_dose = nullptr;
  const Scores without = measure(volumes, settings, metrics);
  CHECK_FALSE(without.values()[3].has_value());
  CHECK(without.notes.size() == 2);
}

TEST_CASE("gamma: a shifted ramp has its closed form") {
  // D = g x against g (x - s): least of (x / dd)^2 + (g (x - s) / dD)^2 is s^2 / (dd^2 + (dD / g)^2).
  const Grid grid = Grid::centred({41, 9, 9}, {1, 1, 1});
  const double shift = 1.5, gradient = 0.01;
  const Volume reference = filled(grid, [&](const Point3& p) { return 1.0 + gradient * (p[0] - 20); });
  const Volume evaluated = filled(grid, [&](const Point3& p) { return 1.0 + gradient * (p[0] - 20 - shift); });
  GammaOptions options;
  options.steps = 50;
  const double expected = shift / std::hypot(2.0, 0.02 / gradient);
  const GammaResult ramp = gamma_index(reference, evaluated, options);
  CHECK(ramp.points == grid.voxels());
  CHECK(ramp.mean == doctest::Approx(expected).epsilon(0.01));
  CHECK(ramp.pass_rate == 1.0);
}

TEST_CASE("gamma: a shifted Gaussian dose equals the unbounded search") {
  const Grid grid = Grid::centred({21, 15, 11}, {1.5, 2, 2.5});
  const auto dose = [&](double shift) {
    return filled(grid, [shift](const Point3& p) {
      const double r2 = (p[0] - shift) * (p[0] - shift) + p[1] * p[1] + p[2] * p[2];
      return 60.0 * std::exp(-r2 / (2.0 * 36.0));
    });
  };
  const Volume reference = dose(0);
  GammaOptions options;
  options.steps = 5;
  CHECK(gamma_index(reference, dose(1.0), options).pass_rate == 1.0);
  const Volume evaluated = dose(4.2);  // gammas up to the cap
  const double maximum = *std::max_element(reference.voxels.begin(), reference.voxels.end());
  double mean = 0;
  std::int64_t points = 0, passed = 0;
  for (std::int64_t k = 0; k < 11; ++k) {
    for (std::int64_t j = 0; j < 15; ++j) {
      for (std::int64_t i = 0; i < 21; ++i) {
        if (reference.at(i, j, k) < 0.1 * maximum) continue;
        const double gamma = direct_gamma(reference, evaluated, {i, j, k}, options, maximum);
        mean += gamma;
        ++points;
        passed += static_cast<std::int64_t>(gamma <= 1.0);
      }
    }
  }
  const int before = thread_count();
  for (const int threads : {1, 3}) {
    set_thread_count(threads);
    const GammaResult result = gamma_index(reference, evaluated, options);
    CHECK(result.points == points);
    CHECK(result.passed == passed);
    CHECK(result.mean == doctest::Approx(mean / static_cast<double>(points)).epsilon(1e-9));
    CHECK(result.pass_rate > 0.05);
    CHECK(result.pass_rate < 0.95);
  }
  set_thread_count(before);
}

TEST_CASE("gamma: equal doses, constant offsets, low doses, one slice, bad input") {
  const Grid grid = Grid::centred({12, 10, 1}, {2, 2, 3});
  const Volume flat(grid, 10.0F);
  CHECK(gamma_index(flat, flat).mean == 0);
  CHECK(gamma_index(flat, Volume(grid, 10.2F)).pass_rate == 1.0);  // exactly 2 %
  CHECK(gamma_index(flat, Volume(grid, 10.1F)).mean == doctest::Approx(0.5).epsilon(1e-5));
  const GammaResult far = gamma_index(flat, Volume(grid, 20.0F));
  CHECK(far.pass_rate == 0);
  CHECK(far.mean == 2.0);  // the cap
  Volume peak(grid, 0.5F);
  peak.at(5, 5, 0) = 10.0F;
  CHECK(gamma_index(peak, flat).points == 1);
  CHECK(gamma_index(peak, flat).mean == 0);
  CHECK_THROWS_AS(gamma_index(Volume(grid, 0.0F), flat), Error);
  CHECK_THROWS_AS(gamma_index(Volume(grid, NAN), flat), Error);
  CHECK_THROWS_AS(gamma_index(flat, Volume(Grid::centred({12, 10, 2}, {2, 2, 3}), 1.0F)), Error);
  GammaOptions options;
  options.distance_mm = 0;
  CHECK_THROWS_AS(gamma_index(flat, flat, options), Error);
}

TEST_CASE("therapy: speed of gamma and water paths" * doctest::skip()) {
  const auto seconds = [](std::clock_t start) { return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC; };
  const Grid grid = Grid::centred({128, 128, 128}, {1, 1, 1});
  const auto dose = [&](double shift, double ripple) {
    return filled(grid, [=](const Point3& p) {
      const double r = std::hypot(p[0] - shift, p[1], p[2]);
      return 60.0 / (1.0 + std::exp((r - 45.0) / 3.0)) *
             (1.0 + ripple * std::sin(0.9 * p[0]) * std::cos(0.7 * p[1] + p[2]));
    });
  };
  const Volume reference = dose(0, 0);
  for (const double shift : {0.5, 1.5, 4.0}) {
    for (const double ripple : {0.01, 0.05}) {
      const Volume evaluated = dose(shift, ripple);
      const std::clock_t start = std::clock();
      const GammaResult result = gamma_index(reference, evaluated);
      MESSAGE("gamma of ", result.points, " points, shift ", shift, ", ripple ", ripple, ": ", result.pass_rate, " in ",
              seconds(start), " s of CPU time");
    }
  }
  const Grid large = Grid::centred({256, 256, 128}, {1, 1, 1});
  const Volume a(large, 30.0F), b(large, 50.0F);
  const Mask body(large, 1);
  for (const double angle : {0.0, 30.0}) {
    const std::clock_t start = std::clock();
    const double mean = water_path_error(a, b, body, body, from(angle)).mean_mm;
    MESSAGE("water paths of 256 x 256 x 128 at ", angle, " degrees (", mean, " mm): ", seconds(start),
            " s of CPU time");
  }
}
