// Errors inside the segments of given label volumes, and the agreement of predicted with real segments.
#include "grade/metric.hpp"
#include "grade/segment_scores.hpp"
#include "metrics/segmentation.hpp"
#include "metrics/tissue.hpp"

namespace gdm::grade {
namespace {

std::string prefix_of(const Label& label) {
  return "label_" + label.name;
}

std::vector<Metric> list(const Settings& settings) {
  std::vector<Metric> metrics;
  for (const Label& label : settings.labels) {
    const std::string where = "mask voxels with label " + std::to_string(label.value) + " in the target's label volume";
    metrics.push_back({prefix_of(label) + "_mae_hu", label.name + " MAE/HU", 2,
                       "mean absolute difference over " + where, "labels: errors"});
    metrics.push_back({prefix_of(label) + "_bias_hu", label.name + " bias/HU", 2,
                       "mean of prediction minus target over " + where, "labels: errors", Better::nearest_zero});
  }
  if (!settings.predicted_labels) return metrics;
  for (const Label& label : settings.labels) {
    const std::vector<Metric> segment =
        segment_metrics(prefix_of(label), label.name,
                        "the mask voxels with label " + std::to_string(label.value) + " in the two label volumes",
                        "labels: " + label.name, settings);
    metrics.insert(metrics.end(), segment.begin(), segment.end());
  }
  return metrics;
}

void measure(const CaseVolumes& v, const Settings& settings, Scores& scores) {
  std::vector<metrics::ValueClass> classes;
  for (const Label& label : settings.labels) {
    classes.push_back({prefix_of(label), static_cast<double>(label.value), static_cast<double>(label.value) + 0.5});
  }
  const std::vector<metrics::ClassErrors> errors =
      metrics::errors_by_class(v.prediction_hu, v.target_hu, v.mask, *v.target_labels, classes);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    std::optional<double> mae, bias;
    if (errors[c].voxels > 0) {
      mae = errors[c].absolute_hu / static_cast<double>(errors[c].voxels);
      bias = errors[c].signed_hu / static_cast<double>(errors[c].voxels);
    }
    const std::string why = "label " + std::to_string(settings.labels[c].value) + " has no voxel inside the mask";
    scores.set(classes[c].name + "_mae_hu", mae, why);
    scores.set(classes[c].name + "_bias_hu", bias, why);
  }
  if (!settings.predicted_labels) return;
  for (const Label& label : settings.labels) {
    if (!wants_segment(scores, prefix_of(label))) continue;
    if (v.predicted_labels == nullptr) {
      for (const Metric& metric : segment_metrics(prefix_of(label), "", "", "", settings)) {
        scores.set(metric.key, std::nullopt, "it has no label volume");
      }
      continue;
    }
    score_segment(metrics::segment_label(*v.predicted_labels, v.mask, label.value),
                  metrics::segment_label(*v.target_labels, v.mask, label.value), prefix_of(label), settings, scores);
  }
}

}  // namespace

MetricGroup label_group() {
  return {"labels", list, measure};
}

}  // namespace gdm::grade
