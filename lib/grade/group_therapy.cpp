// Proxies for what a synthetic CT does to a treatment plan: water-equivalent path lengths from the CT alone, and the
// gamma index where dose volumes were computed elsewhere.
#include <fmt/format.h>

#include "grade/metric.hpp"
#include "metrics/water_path.hpp"

namespace gdm::grade {
namespace {

std::vector<Metric> list(const Settings& settings) {
  const std::string path =
      "error of the water-equivalent path length, prediction minus target, from the mask's border to each mask voxel "
      "along parallel beams from gantry 0, 90, 180 and 270 degrees in the axial plane; relative electron density by "
      "Thomas 1999 (1 + HU/1000 up to 100 HU, 1 + HU/1950 from 195 HU, 1.1 in between), not stopping power; a proxy "
      "for "
      "range and depth errors, not a dose";
  std::vector<Metric> metrics{
      {"wepl_mae_mm", "WEPL-MAE/mm", 3, "mean absolute " + path, "therapy proxies"},
      {"wepl_p95_mm", "WEPL-p95/mm", 3, "95th percentile of the absolute " + path, "therapy proxies"},
      {"wepl_bias_mm", "WEPL bias/mm", 3, "mean " + path, "therapy proxies", Better::nearest_zero}};
  if (!settings.gamma) return metrics;
  const metrics::GammaOptions& gamma = *settings.gamma;
  const std::string index = fmt::format(
      "gamma index (Low et al. 1998) of the given dose volumes, {:g} % of the reference's maximum (global) and {:g} "
      "mm, "
      "over voxels with at least {:g} % of that maximum, searched in 3-D up to {:g}",
      100.0 * gamma.dose_difference, gamma.distance_mm, 100.0 * gamma.low_dose_cut, gamma.cap);
  const std::string proxy = "; a proxy: as good as the doses that were given";
  metrics.push_back({"gamma_pass_percent", "gamma pass/%", 2, "part of the voxels that pass the " + index + proxy,
                     "therapy proxies", Better::higher});
  metrics.push_back({"gamma_mean", "gamma mean", 3, "mean of the " + index + proxy, "therapy proxies"});
  return metrics;
}

void measure_gamma(const CaseVolumes& v, const metrics::GammaOptions& options, Scores& scores) {
  std::optional<double> pass_percent, mean;
  if (v.predicted_dose != nullptr) {
    const metrics::GammaResult gamma = metrics::gamma_index(*v.target_dose, *v.predicted_dose, options);
    pass_percent = 100.0 * gamma.pass_rate;
    mean = gamma.mean;
  }
  scores.set("gamma_pass_percent", pass_percent, "it has no dose volume");
  scores.set("gamma_mean", mean, "it has no dose volume");
}

void measure(const CaseVolumes& v, const Settings& settings, Scores& scores) {
  if (scores.wants("wepl_mae_mm") || scores.wants("wepl_p95_mm") || scores.wants("wepl_bias_mm")) {
    const metrics::WaterPathError path = metrics::water_path_error(v.prediction_hu, v.target_hu, v.mask, v.mask);
    scores.set("wepl_mae_mm", path.mean_mm);
    scores.set("wepl_p95_mm", path.p95_mm);
    scores.set("wepl_bias_mm", path.bias_mm);
  }
  if (settings.gamma && (scores.wants("gamma_pass_percent") || scores.wants("gamma_mean"))) {
    measure_gamma(v, *settings.gamma, scores);
  }
}

}  // namespace

MetricGroup therapy_group() {
  return {"therapy", list, measure};
}

}  // namespace gdm::grade
