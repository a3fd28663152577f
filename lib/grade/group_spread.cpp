// What the spread beside a prediction (of draws, of an ensemble) tells of its error inside the mask.
#include <fmt/format.h>

#include "grade/metric.hpp"
#include "metrics/spread.hpp"

namespace gdm::grade {
namespace {

std::vector<Metric> list(const Settings& settings) {
  if (!settings.spread) return {};
  std::vector<Metric> metrics{
      {"spread_correlation", "spread r", 3,
       "Pearson's correlation of the spread and the absolute error inside the mask", "spread", Better::higher},
      {"spread_ause", "AUSE", 3,
       "area under the sparsification error (Ilg et al., 2018) inside the mask, relative to the mean absolute error: "
       "what voxels have in mean error after a share of them went by the largest spread, minus after the same share "
       "went by the largest error, mean over the shares 0, 0.01, ..., 0.99",
       "spread"},
      {"spread_ratio", "spread/RMSE", 3, "root mean square of the spread over that of the error inside the mask",
       "spread", Better::nearest_one}};
  for (int k = 1; k <= 2; ++k) {
    metrics.push_back(
        {fmt::format("spread_excess_{}sd", k), fmt::format("cover {} SD", k), 3,
         fmt::format("share of the mask voxels whose absolute error is at most {} times the spread, minus "
                     "the {:.4f} of a normal distribution",
                     k, metrics::normal_share(k)),
         "spread", Better::nearest_zero});
  }
  metrics.push_back(
      {"spread_crps_hu", "CRPS / HU", 1,
       "continuous ranked probability score of normal distributions with the prediction as mean and the spread as "
       "deviation, mean inside the mask; the mean absolute error for a spread of 0",
       "spread"});
  return metrics;
}

void measure(const CaseVolumes& v, const Settings& settings, Scores& scores) {
  if (v.spread == nullptr) {
    for (const Metric& metric : list(settings)) scores.set(metric.key, std::nullopt, "it has no spread");
    return;
  }
  const metrics::SpreadMetrics found = metrics::spread_metrics(v.prediction_hu, v.target_hu, *v.spread, v.mask);
  const char* const no_error = "the prediction has no error";
  scores.set("spread_correlation", found.correlation, "spread or error are constant inside the mask");
  scores.set("spread_ause", found.ause, no_error);
  scores.set("spread_ratio", found.ratio, no_error);
  scores.set("spread_crps_hu", found.crps_hu);
  for (std::size_t n = 0; n < found.within.size(); ++n) {
    const double k = metrics::spread_multiple(n);
    if (k == 1 || k == 2)
      scores.set(fmt::format("spread_excess_{:g}sd", k), found.within[n] - metrics::normal_share(k));
  }
  scores.within_spreads.assign(found.within.begin(), found.within.end());
}

}  // namespace

MetricGroup spread_group() {
  return {"spread", list, measure};
}

}  // namespace gdm::grade
