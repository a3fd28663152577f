// What is asked for: selections of metrics, names of labels, quality gates; and volumes on another grid.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>

#include "grade/gates.hpp"
#include "grade/metric.hpp"
#include "grade/segment_scores.hpp"
#include "image/regrid.hpp"
#include "sys/error.hpp"

using namespace gdm;
using namespace gdm::metrics;
using namespace gdm::grade;

namespace {

std::vector<std::string> keys(const std::string& selection, Profile profile = Profile::synthrad2023) {
  Settings settings;
  settings.profile = profile;
  settings.selection = selection;
  std::vector<std::string> keys;
  for (const Metric& metric : metric_list(settings)) keys.push_back(metric.key);
  return keys;
}

using Keys = std::vector<std::string>;

/// Signed errors are best at 0, agreements at their highest, and all else is an error or a distance.
Better expected_direction(const std::string& key) {
  const auto has = [&key](const char* part) { return key.find(part) != std::string::npos; };
  if (has("bias") || has("volume_error") || has("power_high") || has("excess")) return Better::nearest_zero;
  if (has("ratio")) return Better::nearest_one;
  const bool agreement = has("psnr") || has("ssim") || has("ncc") || has("dice") || has("correlation") || has("pass");
  return agreement ? Better::higher : Better::lower;
}

}  // namespace

TEST_CASE("choice: defaults, groups, keys and all") {
  CHECK(keys("default") == Keys{"mae_hu", "psnr_db", "ssim", "bone_mae_hu", "bone_dice", "bias_hu", "rmse_hu"});
  CHECK(keys("default", Profile::synthrad2025)[2] == "ms_ssim");
  CHECK(keys("error,mae_hu,bias_hu") ==
        Keys{"bias_hu", "rmse_hu", "ncc", "wasserstein_hu", "mae_edge_hu", "mae_interior_hu", "mae_hu"});
  CHECK(keys("all").size() > 30);
  CHECK(keys("psnr") == keys("psnr_db"));  // a unit may be left out
  CHECK_THROWS_AS(keys("psn"), Error);
  CHECK_THROWS_AS(keys(""), Error);
  CHECK_THROWS_AS(keys("labels"), Error);  // without labels there is no such group
}

TEST_CASE("choice: every metric has its own key, a title and a definition") {
  Settings settings;
  settings.unmasked = true;
  settings.labels = labels_from_text("3=a,4=b_2");
  settings.predicted_labels = true;
  settings.spread = true;
  settings.gamma = gamma_from_text("3%/1.5mm");
  settings.selection = "all";
  std::map<std::string, int> seen;
  for (const Metric& metric : metric_list(settings)) {
    CHECK_FALSE(metric.title.empty());
    CHECK(metric.definition.size() > 10);
    CHECK_FALSE(metric.block.empty());
    CAPTURE(metric.key);
    CHECK(metric.better == expected_direction(metric.key));
    ++seen[metric.key];
  }
  std::size_t listed = 0;
  for (const MetricGroup& group : metric_groups()) listed += group.list(settings).size();
  CHECK(seen.size() == listed);
}

TEST_CASE("choice: gamma criteria") {
  CHECK(gamma_from_text("3%/1.5mm").dose_difference == doctest::Approx(0.03));
  CHECK(gamma_from_text("3%/1.5mm").distance_mm == 1.5);
  for (const char* bad : {"", "2", "2%", "2%/", "2%/2", "2/2mm", "0%/2mm", "2%/-1mm", "2%/2mm ", "200%/2mm", "nan%/2mm",
                          "2%/infmm", "2%/2mm/3"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(gamma_from_text(bad), Error);
  }
}

TEST_CASE("choice: names of labels") {
  CHECK(labels_from_text("12=liver,1=kidney_left")[1].name == "kidney_left");
  for (const char* bad : {"", "liver", "=liver", "0=air", "-1=x", "1=", "1=Liver", "1=a b", "1=a,1=b", "1=a,2=a",
                          "1=a,", "x=a", "1.5=a", "99999999=a"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(labels_from_text(bad), Error);
  }
}

TEST_CASE("gates: bounds on means") {
  const Gate under = gate_from_text("psnr_db=28.5", "--fail-under"),
             over = gate_from_text("mae_hu=-1e2", "--fail-over");
  CHECK(under.under);
  CHECK(over.bound == -100.0);
  const auto judged = [](const Gate& gate, const std::vector<std::optional<double>>& values) {
    return judge(gate, "m", values, left_out(values), values.size());
  };
  CHECK(judged(under, {28.0, 29.0}).passed);
  CHECK_FALSE(judged(under, {28.0, 28.9}).passed);
  CHECK_FALSE(judged(over, {0.0}).passed);
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(judged(under, {infinity}).passed);
  CHECK(judged(under, {infinity, 29.0}).passed);
  CHECK_FALSE(judged(under, {infinity, 20.0}).passed);
  CHECK_FALSE(judged(over, {-200.0, infinity}).passed);
  CHECK(describe(judged(under, {28.0})) == "method 'm': the mean of psnr_db, 28, is under 28.5");
  for (const char* bad : {"", "psnr_db", "psnr_db=", "=3", "psnr_db=3x", "psnr_db=nan", "psnr_db=inf"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(gate_from_text(bad, "--fail-under"), Error);
  }
  CHECK_THROWS_AS(resolved_gates({under}, {{"mae_hu", "", 0, "", ""}}), Error);
  CHECK(resolved_gates({gate_from_text("mae=30", "--fail-over")}, {{"mae_hu", "", 0, "", ""}})[0].key == "mae_hu");
  CHECK_THROWS_AS(resolved_gates({gate_from_text("ma=30", "--fail-over")}, {{"mae_hu", "", 0, "", ""}}), Error);
}

TEST_CASE("gates: a case without a value is one that was missed, also within a patient who has others") {
  Gate over = gate_from_text("bone_hd95_mm=5", "--fail-over");
  CHECK_FALSE(judge(over, "m", {2.0, std::nullopt}, {1, 0}, 2).passed);
  CHECK_FALSE(judge(over, "m", {2.0}, {1, 0}, 2).passed);
  CHECK(describe(judge(over, "m", {2.0}, {1, 0}, 2)) ==
        "method 'm': the mean of bone_hd95_mm, 2, is not over 5; it is undefined for 1 of 2 cases, and an undefined "
        "value counts as missed (--allow-undefined leaves it out)");
  over.allow_undefined = true;
  CHECK(judge(over, "m", {2.0, std::nullopt}, {1, 0}, 2).passed);
  CHECK(describe(judge(over, "m", {2.0, std::nullopt}, {1, 0}, 2)) ==
        "method 'm': the mean of bone_hd95_mm, 2, is not over 5; it is undefined for 1 of 2 cases");
  CHECK_FALSE(judge(over, "m", {std::nullopt}, {1, 0}, 1).passed);
}

TEST_CASE("what a mean leaves out: undefined and infinite values apart") {
  const double infinity = std::numeric_limits<double>::infinity();
  const LeftOut left = left_out({1.0, std::nullopt, infinity, -infinity, std::nan(""), 0.0});
  CHECK(left.undefined == 3);
  CHECK(left.infinite == 1);
  CHECK(describe(left, 6) == "undefined for 3, infinite for 1 of 6 cases");
  CHECK(describe(left_out({1.0}), 1).empty());
}

TEST_CASE("a stated distance stands for that of a segment which one volume alone has") {
  const Grid grid = Grid::centred({4, 4, 4}, {1, 1, 1});
  const Mask empty(grid, 0);
  Mask some = empty;
  some.at(1, 1, 1) = 1;
  Settings settings;
  const auto scored = [&](const Mask& prediction, const Mask& target) {
    Scores scores(segment_metrics("bone", "bone", "bone", "", settings));
    score_segment(prediction, target, "bone", settings, scores);
    return scores;
  };
  CHECK_FALSE(scored(empty, some).values()[1]);
  settings.undefined_distance_mm = 80;
  CHECK(scored(empty, some).values()[1] == 80.0);
  CHECK(scored(some, empty).values()[2] == 80.0);
  CHECK(scored(empty, some).notes[0] == "bone_hd95_mm is counted as 80 mm: the prediction has no bone");
  CHECK_FALSE(scored(empty, empty).values()[1]);  // nothing was missed
  CHECK(scored(some, some).values()[1] == 0.0);
}

TEST_CASE("regrid: linear ramps are exact, the field ends half a voxel beyond the outermost centres") {
  const Grid coarse = Grid::centred({10, 12, 8}, {2.0, 1.5, 3.0}), fine = Grid::centred({19, 22, 21}, {1.0, 0.75, 1.0});
  const auto ramp = [](const Point3& at) { return 100.0 + 2.0 * at[0] - 3.0 * at[1] + 5.0 * at[2]; };
  Volume volume(coarse, 0.0F);
  for (std::int64_t k = 0; k < 8; ++k)
    for (std::int64_t j = 0; j < 12; ++j)
      for (std::int64_t i = 0; i < 10; ++i) {
        volume.at(i, j, k) = static_cast<float>(
            ramp(coarse.ras_of_index({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)})));
      }
  const Regridded result = regrid(volume, fine, -1024.0F);
  CHECK(result.outside == 0);
  double worst = 0;
  for (std::int64_t k = 0; k < 21; ++k)
    for (std::int64_t j = 0; j < 22; ++j)
      for (std::int64_t i = 0; i < 19; ++i) {
        const Point3 at = fine.ras_of_index({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)});
        worst = std::max(worst, std::abs(static_cast<double>(result.volume.at(i, j, k)) - ramp(at)));
      }
  CHECK(worst < 1e-4);
  CHECK(regrid(volume, coarse, 0.0F).volume.voxels == volume.voxels);
  const Grid wide = Grid::centred({12, 12, 8}, {2.0, 1.5, 3.0});
  const Regridded beyond = regrid(volume, wide, -1024.0F);
  CHECK(beyond.outside == 2 * 12 * 8);
  CHECK(beyond.volume.at(0, 3, 3) == -1024.0F);
  CHECK(beyond.volume.at(1, 3, 3) == volume.at(0, 3, 3));
}
