// Bone, lung and body by HU: what a threshold can separate, as SynthRAD2025's segmentation needs a network's weights.
#include <fmt/format.h>

#include "grade/metric.hpp"
#include "grade/segment_scores.hpp"
#include "metrics/segmentation.hpp"

namespace gdm::grade {
namespace {

std::vector<Metric> list(const Settings& settings) {
  std::vector<Metric> metrics =
      segment_metrics("bone", "bone", fmt::format("the mask voxels with at least {:g} HU", metrics::bone_threshold_hu),
                      "anatomy: bone", settings);
  const std::string body =
      "each volume's body (largest 6-connected component above -400 HU after -1024 HU was set outside the mask, holes "
      "filled in every axial slice)";
  const std::vector<Metric> lung = segment_metrics(
      "lung", "lung", "lung and other gas, the voxels below -500 HU in " + body, "anatomy: lung", settings);
  const std::vector<Metric> whole = segment_metrics("body", "body", body, "anatomy: body", settings);
  metrics.insert(metrics.end(), lung.begin(), lung.end());
  metrics.insert(metrics.end(), whole.begin(), whole.end());
  return metrics;
}

void measure(const CaseVolumes& v, const Settings& settings, Scores& scores) {
  if (wants_segment(scores, "bone")) {
    score_segment(metrics::segment_above(v.prediction_hu, v.mask, metrics::bone_threshold_hu),
                  metrics::segment_above(v.target_hu, v.mask, metrics::bone_threshold_hu), "bone", settings, scores);
  }
  const bool lung = wants_segment(scores, "lung"), body = wants_segment(scores, "body");
  if (!lung && !body) return;
  const Mask predicted = metrics::segment_body(v.prediction_hu, v.mask),
             real = metrics::segment_body(v.target_hu, v.mask);
  if (lung)
    score_segment(metrics::segment_gas(v.prediction_hu, predicted), metrics::segment_gas(v.target_hu, real), "lung",
                  settings, scores);
  if (body) score_segment(predicted, real, "body", settings, scores);
}

}  // namespace

MetricGroup anatomy_group() {
  return {"anatomy", list, measure};
}

}  // namespace gdm::grade
