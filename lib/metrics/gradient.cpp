// Pairs of neighbouring slices in parallel, merged in their order.
#include "metrics/gradient.hpp"

#include <cmath>
#include <vector>

#include "metrics/correlation.hpp"
#include "metrics/pixel.hpp"
#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

struct GradientSums {
  std::int64_t bone_pairs = 0;
  double absolute = 0, bone_absolute = 0;
  PairMoments moments;
};

}  // namespace

GradientMetrics through_plane_gradient(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask) {
  const Index3& shape = mask.grid.shape_ijk;
  const std::int64_t slice = shape[0] * shape[1];
  std::vector<GradientSums> slices(static_cast<std::size_t>(shape[2]));
  parallel_for(shape[2] - 1, [&](std::int64_t k) {
    GradientSums& sums = slices[static_cast<std::size_t>(k)];
    for (std::int64_t n = k * slice; n < (k + 1) * slice; ++n) {
      const std::size_t here = static_cast<std::size_t>(n), above = static_cast<std::size_t>(n + slice);
      if (mask.voxels[here] == 0 || mask.voxels[above] == 0) continue;
      const double t0 = target_hu.voxels[here], t1 = target_hu.voxels[above];
      const double p0 = prediction_hu.voxels[here], p1 = prediction_hu.voxels[above];
      const double error = std::abs((p1 - p0) - (t1 - t0));
      sums.absolute += error;
      sums.moments.add(p1 - p0, t1 - t0);
      if (t0 >= bone_threshold_hu || t1 >= bone_threshold_hu) {
        ++sums.bone_pairs;
        sums.bone_absolute += error;
      }
    }
  });
  GradientSums total;
  for (const GradientSums& sums : slices) {
    total.bone_pairs += sums.bone_pairs;
    total.absolute += sums.absolute;
    total.bone_absolute += sums.bone_absolute;
    total.moments.merge(sums.moments);
  }
  GradientMetrics result;
  if (total.moments.count() > 0) result.mae_hu = total.absolute / static_cast<double>(total.moments.count());
  if (total.bone_pairs > 0) result.bone_mae_hu = total.bone_absolute / static_cast<double>(total.bone_pairs);
  result.correlation = total.moments.correlation();
  return result;
}

}  // namespace gdm::metrics
