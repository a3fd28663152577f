// MAE and bias in the tissue classes of the target.
#include <fmt/format.h>

#include <cmath>

#include "grade/metric.hpp"
#include "metrics/tissue.hpp"

namespace gdm::grade {
namespace {

std::string bounds_text(const metrics::ValueClass& c) {
  if (std::isinf(c.low)) return fmt::format("less than {:g} HU", c.high);
  if (std::isinf(c.high)) return fmt::format("at least {:g} HU", c.low);
  return fmt::format("at least {:g} and less than {:g} HU", c.low, c.high);
}

std::vector<Metric> list(const Settings& /*settings*/) {
  std::vector<Metric> metrics;
  for (const metrics::ValueClass& c : metrics::tissue_classes()) {
    metrics.push_back({c.name + "_mae_hu", c.name + " MAE/HU", 2,
                       "mean absolute difference over mask voxels whose target has " + bounds_text(c), "tissue: MAE"});
  }
  for (const metrics::ValueClass& c : metrics::tissue_classes()) {
    metrics.push_back({c.name + "_bias_hu", c.name + " bias/HU", 2,
                       "mean of prediction minus target over mask voxels whose target has " + bounds_text(c),
                       "tissue: bias", Better::nearest_zero});
  }
  return metrics;
}

void measure(const CaseVolumes& v, const Settings& /*settings*/, Scores& scores) {
  const std::vector<metrics::ValueClass>& classes = metrics::tissue_classes();
  const std::vector<metrics::ClassErrors> errors =
      metrics::errors_by_class(v.prediction_hu, v.target_hu, v.mask, v.target_hu, classes);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const double n = static_cast<double>(errors[c].voxels);
    std::optional<double> mae, bias;
    if (errors[c].voxels > 0) {
      mae = errors[c].absolute_hu / n;
      bias = errors[c].signed_hu / n;
    }
    scores.set(classes[c].name + "_mae_hu", mae, "no " + classes[c].name + " in the target");
    scores.set(classes[c].name + "_bias_hu", bias, "no " + classes[c].name + " in the target");
  }
}

}  // namespace

MetricGroup tissue_group() {
  return {"tissue", list, measure};
}

}  // namespace gdm::grade
