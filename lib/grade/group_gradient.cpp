// The through-plane gradient as metrics.
#include <fmt/format.h>

#include "grade/metric.hpp"
#include "metrics/gradient.hpp"

namespace gdm::grade {
namespace {

std::vector<Metric> list(const Settings& /*settings*/) {
  const std::string pairs =
      "differences between voxels that are neighbours along the axis nearest to superior-inferior, both inside the "
      "mask, "
      "not clipped";
  return {{"dz_mae_hu", "dz-MAE/HU", 2,
           "mean absolute error of the through-plane gradient: " + pairs + ", HU per slice", "gradient"},
          {"dz_bone_mae_hu", "dz-MAE bone/HU", 2,
           fmt::format("the same where at least one of the two target voxels has at least {:g} HU",
                       metrics::bone_threshold_hu),
           "gradient"},
          {"dz_correlation", "dz-corr", 4, "Pearson's correlation of prediction and target: " + pairs, "gradient",
           Better::higher}};
}

void measure(const CaseVolumes& v, const Settings& /*settings*/, Scores& scores) {
  const metrics::GradientMetrics gradient = metrics::through_plane_gradient(v.prediction_hu, v.target_hu, v.mask);
  scores.set("dz_mae_hu", gradient.mae_hu, "no two neighbouring axial slices share a mask voxel");
  scores.set("dz_bone_mae_hu", gradient.bone_mae_hu, "no bone in the target");
  scores.set("dz_correlation", gradient.correlation, "the gradient of one of the volumes does not vary");
}

}  // namespace

MetricGroup gradient_group() {
  return {"gradient", list, measure};
}

}  // namespace gdm::grade
