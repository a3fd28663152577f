// Rows H2 and H4: what every metric of the registry makes of voxels outside the mask, and of the order of the axes in a
// file.
#include <doctest/doctest.h>

#include <limits>

#include "grade/metric.hpp"
#include "image/mask.hpp"
#include "image/orientation.hpp"
#include "metrics_volumes.hpp"

using namespace gdm;
using namespace gdm::metrics;
using namespace gdm::grade;

namespace {

constexpr Profile profiles[] = {Profile::synthrad2023, Profile::synthrad2025, Profile::plain};

/// Every metric there is.
Settings everything(Profile profile) {
  Settings settings;
  settings.profile = profile;
  settings.range = default_range(profile);
  settings.unmasked = true;
  settings.labels = labels_from_text("1=soft,2=bone");
  settings.predicted_labels = true;
  settings.gamma = gamma_from_text("3%/3mm");
  settings.selection = "all";
  return settings;
}

/// The lopsided pair with label and dose volumes.
struct FullCase {
  test::Pair pair = test::lopsided_pair();
  Volume target_labels = labels_of(pair.target), predicted_labels = labels_of(pair.prediction);
  Volume target_dose = with_outside(pair.target, pair.mask), predicted_dose = with_outside(pair.prediction, pair.mask);

  static Volume labels_of(const Volume& hu) {
    Volume labels = hu;
    for (float& v : labels.voxels) v = v > 250.0F ? 2.0F : v > 0.0F ? 1.0F : 0.0F;
    return labels;
  }
  CaseVolumes volumes() const {
    return {pair.prediction, pair.target, pair.mask, &target_labels, &predicted_labels, &target_dose, &predicted_dose};
  }
  void turn(const std::string& letters) {
    for (Volume* volume : {&pair.prediction, &pair.target, &target_labels, &predicted_labels}) {
      *volume = reoriented(*volume, letters);
    }
    pair.mask = reoriented(pair.mask, letters);
  }
};

/// Noise without correlation, some of it not even a number, where `mask` is 0.
void disturb_outside(Volume& volume, const Mask& mask, bool with_nan) {
  for (std::size_t n = 0; n < mask.voxels.size(); ++n) {
    if (mask.voxels[n] != 0) continue;
    volume.voxels[n] += 60.0F * (static_cast<float>(n * 2654435761U % 2001) / 500.0F - 2.0F);
    if (with_nan && n % 97 == 0) volume.voxels[n] = std::numeric_limits<float>::quiet_NaN();
  }
}

/// Those that look outside by their definition.
bool looks_outside(const std::string& key, Profile profile) {
  if (key == "mae_all_hu" || key == "psnr_all_db" || key == "ssim_all") return true;
  return profile == Profile::plain && (key == "ssim" || key == "ms_ssim" || key == "ms_ssim_all");
}

}  // namespace

TEST_CASE("outside: a prediction that equals the target inside the mask has the values of equal volumes") {
  for (const Profile profile : profiles) {
    for (const bool with_nan : {false, true}) {
      const Settings settings = everything(profile);
      const std::vector<Metric> metrics = metric_list(settings);
      FullCase equal;
      equal.pair.prediction = equal.pair.target;
      equal.predicted_labels = equal.target_labels;
      equal.predicted_dose = equal.target_dose;
      FullCase disturbed = equal;
      disturb_outside(disturbed.pair.prediction, disturbed.pair.mask, with_nan);
      disturb_outside(disturbed.predicted_labels, disturbed.pair.mask, with_nan);
      const auto wanted = measure(equal.volumes(), settings, metrics).values();
      const Scores scores = measure(disturbed.volumes(), settings, metrics);
      const auto values = scores.values();
      std::size_t differ = 0;
      for (std::size_t m = 0; m < metrics.size(); ++m) {
        CAPTURE(metrics[m].key);
        CAPTURE(name_of(profile));
        if (looks_outside(metrics[m].key, profile)) {
          differ += values[m] != wanted[m] ? 1 : 0;
        } else {
          CHECK(values[m] == wanted[m]);
        }
      }
      CHECK(differ >= 3);  // the exceptions are exceptions
      CHECK(scores.power_ratios == measure(equal.volumes(), settings, metrics).power_ratios);
    }
  }
}

TEST_CASE("outside: no metric of two different volumes depends on it") {
  for (const Profile profile : profiles) {
    const Settings settings = everything(profile);
    const std::vector<Metric> metrics = metric_list(settings);
    const FullCase original;
    FullCase disturbed;
    disturb_outside(disturbed.pair.prediction, disturbed.pair.mask, false);
    disturb_outside(disturbed.pair.target, disturbed.pair.mask, false);
    const auto wanted = measure(original.volumes(), settings, metrics).values();
    const auto values = measure(disturbed.volumes(), settings, metrics).values();
    std::size_t defined = 0;
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      if (looks_outside(metrics[m].key, profile)) continue;
      CAPTURE(metrics[m].key);
      CHECK(values[m] == wanted[m]);
      defined += values[m] ? 1 : 0;
    }
    CHECK(defined > 40);
  }
}

TEST_CASE("outside: every metric is the same however the files order and flip their axes") {
  for (const Profile profile : profiles) {
    const Settings settings = everything(profile);
    const std::vector<Metric> metrics = metric_list(settings);
    FullCase stored;
    const Scores wanted = measure(stored.volumes(), settings, metrics);
    for (const char* letters : {"LPS", "RAS", "ASL", "SLA", "IRP", "PIR", "RSA"}) {
      stored.turn(letters);
      const Scores scores = measure(stored.volumes(), settings, metrics);
      for (std::size_t m = 0; m < metrics.size(); ++m) {
        CAPTURE(metrics[m].key);
        CAPTURE(letters);
        CHECK(scores.values()[m] == wanted.values()[m]);
      }
      CHECK(scores.power_ratios == wanted.power_ratios);
    }
  }
}
