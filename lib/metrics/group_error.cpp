// Bias, root mean squared error, correlation and distance of the histograms inside the mask; the same for every
// profile.
#include <vector>

#include "metrics/correlation.hpp"
#include "metrics/metric.hpp"
#include "metrics/wasserstein.hpp"
#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

std::vector<Metric> list(const Settings& /*settings*/) {
  return {{"bias_hu", "bias/HU", 2, "mean of prediction minus target inside the mask, not clipped", "error",
           Better::nearest_zero},
          {"rmse_hu", "RMSE/HU", 2, "root of the mean squared difference inside the mask, not clipped", "error"},
          {"ncc", "NCC", 4,
           "normalised cross-correlation (Pearson's) of prediction and target inside the mask, not clipped", "error",
           Better::higher},
          {"wasserstein_hu", "Wasserstein/HU", 2,
           "Wasserstein-1 distance between the HU distributions of prediction and target inside the mask, not clipped, "
           "of the sorted values (no bins)",
           "error"}};
}

std::optional<double> correlation_inside(const CaseVolumes& v) {
  const Index3& shape = v.mask.grid.shape_ijk;
  const std::int64_t slice = shape[0] * shape[1];
  std::vector<PairMoments> slices(static_cast<std::size_t>(shape[2]));
  parallel_for(shape[2], [&](std::int64_t k) {
    PairMoments& moments = slices[static_cast<std::size_t>(k)];
    for (std::int64_t n = k * slice; n < (k + 1) * slice; ++n) {
      const std::size_t at = static_cast<std::size_t>(n);
      if (v.mask.voxels[at] != 0) moments.add(v.prediction_hu.voxels[at], v.target_hu.voxels[at]);
    }
  });
  PairMoments total;
  for (const PairMoments& moments : slices) total.merge(moments);
  return total.correlation();
}

void measure(const CaseVolumes& v, const Settings& settings, Scores& scores) {
  const PixelMetrics pixel = pixel_metrics(v.prediction_hu, v.target_hu, v.mask, settings.range);
  scores.set("bias_hu", pixel.bias_hu);
  scores.set("rmse_hu", pixel.rmse_hu);
  if (scores.wants("ncc")) scores.set("ncc", correlation_inside(v), "one of the volumes is constant inside the mask");
  if (scores.wants("wasserstein_hu")) {
    scores.set("wasserstein_hu", wasserstein_hu(v.prediction_hu, v.target_hu, v.mask));
  }
}

}  // namespace

MetricGroup error_group() {
  return {"error", list, measure};
}

}  // namespace gdm::metrics
