// Row D1 for the profiles and the anatomy: values against scikit-image, scipy and numpy (numbers and recipe in
// tests/data), surface distances also against all pairs of voxels.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

#include "grade/metric.hpp"
#include "metrics/segmentation.hpp"
#include "metrics/ssim.hpp"
#include "metrics/ssim_kernels.hpp"
#include "metrics/surface.hpp"
#include "metrics_volumes.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"
#include "sys/random.hpp"

using namespace gdm;
using namespace gdm::metrics;
using namespace gdm::grade;

namespace {

struct ImageGolden {
  double ms_ssim, ms_ssim_all, ssim_plain, ncc;
  double air_mae, air_bias, lung_mae, lung_bias, fat_mae, fat_bias, soft_mae, soft_bias, bone_mae, bone_bias;
  double dz_mae_hu, dz_bone_mae_hu, dz_correlation, psnr_2025_db, psnr_plain_db, mae_all_hu;
};
struct SurfaceGolden {
  double dice, hd95_mm, assd_mm, hd_mm, volume_error_ml, volume_error_percent;
};
#include "../data/metrics_image_golden.inc"

Settings settings_of(Profile profile) {
  Settings settings;
  settings.profile = profile;
  settings.range = default_range(profile);
  settings.unmasked = true;
  settings.selection = "all";
  return settings;
}

/// Metrics of a pair by key.
class Report {
 public:
  Report(const CaseVolumes& volumes, const Settings& settings) {
    const std::vector<Metric> metrics = metric_list(settings);
    const Scores scores = measure(volumes, settings, metrics);
    const auto values = scores.values();
    for (std::size_t m = 0; m < metrics.size(); ++m) values_[metrics[m].key] = values[m];
    notes = scores.notes;
  }
  Report(const test::Pair& pair, const Settings& settings)
      : Report(CaseVolumes{pair.prediction, pair.target, pair.mask}, settings) {}

  std::optional<double> operator[](const std::string& key) const { return values_.at(key); }
  std::size_t size() const { return values_.size(); }
  bool notes_on(const std::string& key) const {
    return std::any_of(notes.begin(), notes.end(), [&](const std::string& n) { return n.rfind(key + " is ", 0) == 0; });
  }
  std::vector<std::string> notes;

 private:
  std::map<std::string, std::optional<double>> values_;
};

void check_near(const std::optional<double>& value, double golden, double tolerance) {
  if (golden == -1.0) {
    CHECK_FALSE(value.has_value());
    return;
  }
  REQUIRE(value.has_value());
  CHECK(std::abs(*value - golden) <= tolerance * std::max(1.0, std::abs(golden)));
}

/// Directed distances by trying all pairs.
std::vector<double> all_pairs_mm(const Mask& from, const Mask& to) {
  const Index3& n = from.grid.shape_ijk;
  const Point3 s = from.grid.spacing_mm();
  const auto surface = [&](const Mask& mask) {
    std::vector<Index3> found;
    const auto inside = [&](std::int64_t i, std::int64_t j, std::int64_t k) {
      return i >= 0 && j >= 0 && k >= 0 && i < n[0] && j < n[1] && k < n[2] && mask.at(i, j, k) != 0;
    };
    for (std::int64_t k = 0; k < n[2]; ++k)
      for (std::int64_t j = 0; j < n[1]; ++j)
        for (std::int64_t i = 0; i < n[0]; ++i) {
          const bool buried = inside(i - 1, j, k) && inside(i + 1, j, k) && inside(i, j - 1, k) &&
                              inside(i, j + 1, k) && inside(i, j, k - 1) && inside(i, j, k + 1);
          if (inside(i, j, k) && !buried) found.push_back({i, j, k});
        }
    return found;
  };
  const std::vector<Index3> goals = surface(to);
  std::vector<double> distances;
  for (const Index3& a : surface(from)) {
    double best = std::numeric_limits<double>::infinity();
    for (const Index3& b : goals) {
      double squared = 0;
      for (std::size_t x = 0; x < 3; ++x) squared += std::pow(s[x] * static_cast<double>(a[x] - b[x]), 2);
      best = std::min(best, squared);
    }
    distances.push_back(std::sqrt(best));
  }
  return distances;
}

}  // namespace

TEST_CASE("profiles: 20 pairs equal scikit-image, scipy and numpy") {
  int p = 0, defined = 0;
  for (const ImageGolden& golden : image_pairs) {
    const test::Pair pair = test::golden_pair(p++);
    const Report r2025(pair, settings_of(Profile::synthrad2025)), plain(pair, settings_of(Profile::plain));
    check_near(r2025["ms_ssim"], golden.ms_ssim, 1e-8);
    check_near(r2025["ms_ssim_all"], golden.ms_ssim_all, 1e-8);
    check_near(plain["ssim"], golden.ssim_plain, 1e-8);
    check_near(r2025["ncc"], golden.ncc, 1e-9);
    for (const auto& [tissue, mae, bias] :
         {std::tuple{"air", golden.air_mae, golden.air_bias}, std::tuple{"lung", golden.lung_mae, golden.lung_bias},
          std::tuple{"fat", golden.fat_mae, golden.fat_bias}, std::tuple{"soft", golden.soft_mae, golden.soft_bias},
          std::tuple{"bone", golden.bone_mae, golden.bone_bias}}) {
      check_near(r2025[std::string(tissue) + "_mae_hu"], mae, 1e-9);
      check_near(r2025[std::string(tissue) + "_bias_hu"], bias, 1e-9);
    }
    check_near(r2025["dz_mae_hu"], golden.dz_mae_hu, 1e-9);
    check_near(r2025["dz_bone_mae_hu"], golden.dz_bone_mae_hu, 1e-9);
    check_near(r2025["dz_correlation"], golden.dz_correlation, 1e-9);
    check_near(r2025["psnr_db"], golden.psnr_2025_db, 1e-9);
    check_near(plain["psnr_db"], golden.psnr_plain_db, 1e-9);
    check_near(plain["mae_all_hu"], golden.mae_all_hu, 1e-9);
    defined += golden.ms_ssim != -1.0 && golden.ssim_plain != -1.0 ? 1 : 0;
    CHECK(r2025.notes_on("ms_ssim") == (golden.ms_ssim == -1.0));
  }
  CHECK(p == 20);
  CHECK(defined >= 5);
}

TEST_CASE("profiles: five scales of volumes that need no padding") {
  const test::Pair pair = test::formula_pair(110, 98, 101, 3);
  const MultiScale value = ms_ssim_synthrad2025(pair.prediction, pair.target, pair.mask, {}, true);
  check_near(value.masked, large_ms_ssim[0], 1e-8);
  check_near(value.whole, large_ms_ssim[1], 1e-8);
  const test::Pair larger = test::formula_pair(190, 177, 200, 2);
  check_near(ms_ssim_plain(larger.prediction, larger.target, larger.mask, {}), large_ms_ssim_plain, 1e-8);
}

TEST_CASE("profiles: the fast power equals pow") {
  Random random(3);
  for (const double exponent : {0.0448, 0.1333, 0.3001, 1.0}) {
    std::vector<double> values{0.0, -0.3, 1.0, 2.0, 1e-12, 0.5, 0.70710678, 0.70710679, 1.41421356};
    for (int n = 0; n < 2000; ++n) values.push_back(std::exp(-30.0 * random.uniform()));
    std::vector<double> raised = values;
    kernel::power(static_cast<std::int64_t>(raised.size()), exponent, raised.data());
    for (std::size_t n = 0; n < values.size(); ++n) {
      const double expected = std::pow(std::max(0.0, values[n]), exponent);
      CHECK(std::abs(raised[n] - expected) <= 1e-10 * expected);
    }
  }
}

TEST_CASE("anatomy: 20 pairs of segments equal scipy") {
  int p = 0;
  for (const SurfaceGolden& golden : surface_pairs) {
    const test::Segments pair = test::golden_segments(p++);
    const SegmentMetrics metrics = compare_segments(pair.prediction, pair.target, true);
    check_near(metrics.dice, golden.dice, 1e-12);
    check_near(metrics.hd95_mm, golden.hd95_mm, 1e-9);
    check_near(metrics.assd_mm, golden.assd_mm, 1e-9);
    check_near(surface_distances(pair.prediction, pair.target)->hd_mm, golden.hd_mm, 1e-9);
    check_near(metrics.volume_error_ml, golden.volume_error_ml, 1e-9);
    check_near(metrics.volume_error_percent, golden.volume_error_percent, 1e-9);
  }
  CHECK(p == 20);
}

TEST_CASE("anatomy: surface distances equal those of all pairs of voxels") {
  Random random(11);
  for (int trial = 0; trial < 30; ++trial) {
    const Index3 shape{1 + trial % 9, 3 + trial % 5, 1 + trial % 7};
    const Grid grid = Grid::centred(shape, {0.7, 1.9, 0.4 + 0.3 * trial});
    Mask a(grid, 0), b(grid, 0);
    const double density = trial % 3 == 0 ? 0.05 : 0.6;
    for (auto& v : a.voxels) v = random.uniform() < density ? 1 : 0;
    for (auto& v : b.voxels) v = random.uniform() < 0.3 ? 1 : 0;
    a.voxels.front() = 1;
    b.voxels.back() = 1;
    const std::vector<double> ab = all_pairs_mm(a, b), ba = all_pairs_mm(b, a);
    double sum = 0, largest = 0;
    for (const auto& list : {ab, ba}) {
      for (const double d : list) {
        sum += d;
        largest = std::max(largest, d);
      }
    }
    const auto distances = surface_distances(a, b);
    REQUIRE(distances.has_value());
    CHECK(distances->assd_mm == doctest::Approx(sum / static_cast<double>(ab.size() + ba.size())).epsilon(1e-12));
    CHECK(distances->hd_mm == doctest::Approx(largest).epsilon(1e-12));
  }
}

TEST_CASE("anatomy: empty segments, single voxels and other grids") {
  const Grid grid = Grid::centred({9, 8, 7}, {1.0, 2.0, 3.0});
  Mask none(grid, 0), one(grid, 0), other(grid, 0);
  one.at(2, 3, 4) = 1;
  other.at(5, 3, 2) = 1;
  const auto apart = surface_distances(one, other);
  REQUIRE(apart.has_value());
  CHECK(apart->hd95_mm == doctest::Approx(std::sqrt(9.0 + 36.0)));
  CHECK(apart->assd_mm == doctest::Approx(std::sqrt(45.0)));
  CHECK(surface_distances(one, one)->hd95_mm == 0.0);
  CHECK_FALSE(surface_distances(none, one).has_value());
  CHECK_FALSE(surface_distances(one, none).has_value());
  const SegmentMetrics missed = compare_segments(none, one, true), invented = compare_segments(one, none, true),
                       nothing = compare_segments(none, none, true);
  CHECK(missed.dice == 0.0);
  CHECK(missed.volume_error_ml == doctest::Approx(-0.006));
  CHECK(missed.volume_error_percent == -100.0);
  CHECK(invented.dice == 0.0);
  CHECK_FALSE(invented.volume_error_percent.has_value());
  CHECK_FALSE(nothing.dice.has_value());
  CHECK(nothing.volume_error_ml == 0.0);
  CHECK_THROWS_AS(surface_distances(one, Mask(Grid::centred({9, 8, 7}, {1, 2, 2}), 1)), Error);
}

TEST_CASE("profiles: bad input has a defined value or a reason") {
  const test::Pair good = test::golden_pair(5);
  for (const Profile profile : {Profile::synthrad2023, Profile::synthrad2025, Profile::plain}) {
    const Settings settings = settings_of(profile);
    const Volume flat(good.target.grid, 40.0F);
    for (const Volume* prediction : {&flat, &good.target}) {
      const Report report(CaseVolumes{*prediction, flat, good.mask}, settings);
      CHECK_FALSE(report["ncc"].has_value());
      CHECK(report.notes_on("ncc"));
      CHECK_FALSE(report["bone_hd95_mm"].has_value());
      CHECK(report.notes_on("bone_hd95_mm"));
    }
    Mask voxel(good.target.grid, 0);
    voxel.at(11, 12, 8) = 1;
    const Report single(CaseVolumes{good.prediction, good.target, voxel}, settings);
    CHECK(single["mae_hu"].has_value());
    CHECK_FALSE(single["ncc"].has_value());
    CHECK_FALSE(single["dz_mae_hu"].has_value());
    for (const std::string& note : single.notes) CHECK(note.find("nan") == std::string::npos);
    test::Pair outside = good;
    outside.prediction.voxels[0] = std::numeric_limits<float>::quiet_NaN();  // a corner, outside the ellipsoid
    REQUIRE(outside.mask.voxels[0] == 0);
    const Report report(outside, settings);
    CHECK(report["ssim"].has_value());
    CHECK_FALSE(report["mae_all_hu"].has_value());
    CHECK(report.notes_on("mae_all_hu"));
  }
}

TEST_CASE("profiles: the result does not depend on the number of threads") {
  const test::Pair pair = test::golden_pair(11);
  const test::Segments segments = test::golden_segments(4);
  const int before = thread_count();
  std::vector<std::vector<std::optional<double>>> values;
  std::vector<double> distances;
  for (const int threads : {1, 3}) {
    set_thread_count(threads);
    for (const Profile profile : {Profile::synthrad2025, Profile::plain}) {
      const Settings settings = settings_of(profile);
      values.push_back(measure({pair.prediction, pair.target, pair.mask}, settings, metric_list(settings)).values());
    }
    distances.push_back(surface_distances(segments.prediction, segments.target)->assd_mm);
  }
  set_thread_count(before);
  CHECK(values[0] == values[2]);
  CHECK(values[1] == values[3]);
  CHECK(distances[0] == distances[1]);
}

TEST_CASE("labels: errors and overlap by label volumes") {
  const test::Pair pair = test::golden_pair(2);
  Volume real(pair.target.grid, 0.0F), predicted(pair.target.grid, 0.0F);
  for (std::size_t n = 0; n < real.voxels.size(); ++n) {
    real.voxels[n] = n % 5 == 0 ? 7.0F : 0.0F;
    predicted.voxels[n] = n % 10 == 0 ? 7.0F : 2.0F;
  }
  Settings settings = settings_of(Profile::synthrad2023);
  settings.labels = labels_from_text("7=liver,2=spleen");
  settings.predicted_labels = true;
  const Report report(CaseVolumes{pair.prediction, pair.target, pair.mask, &real, &predicted}, settings);
  double sum = 0, both = 0, all = 0, n = 0;
  for (std::size_t v = 0; v < real.voxels.size(); ++v) {
    if (pair.mask.voxels[v] == 0) continue;
    const bool t = v % 5 == 0, p = v % 10 == 0;
    both += t && p ? 1 : 0;
    all += (t ? 1 : 0) + (p ? 1 : 0);
    if (!t) continue;
    n += 1;
    sum += std::abs(static_cast<double>(pair.prediction.voxels[v]) - static_cast<double>(pair.target.voxels[v]));
  }
  CHECK(*report["label_liver_mae_hu"] == doctest::Approx(sum / n).epsilon(1e-12));
  CHECK(*report["label_liver_dice"] == doctest::Approx(2 * both / all).epsilon(1e-12));
  CHECK_FALSE(report["label_spleen_mae_hu"].has_value());
  CHECK(report["label_spleen_dice"] == 0.0);
  CHECK_FALSE(report["label_spleen_hd95_mm"].has_value());
  CHECK(report.notes_on("label_spleen_hd95_mm"));
  const Report input(CaseVolumes{pair.prediction, pair.target, pair.mask, &real, nullptr}, settings);
  CHECK(input["label_liver_mae_hu"] == report["label_liver_mae_hu"]);
  CHECK_FALSE(input["label_liver_dice"].has_value());
}
