// Whether a stated uncertainty tells where and how much a prediction is wrong.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "image/volume.hpp"

namespace gdm::metrics {

/// Multiples of the spread at which its calibration is told: 0.25, 0.5, ..., 3.
constexpr std::size_t spread_multiples = 12;
constexpr double spread_multiple(std::size_t n) {
  return 0.25 * static_cast<double>(n + 1);
}
/// The share of normal errors within `k` standard deviations.
double normal_share(double k);

struct SpreadMetrics {
  /// Pearson's, of the spread and the absolute error; none where one of them does not vary.
  std::optional<double> correlation;
  /// Area under the sparsification error (Ilg et al., ECCV 2018), relative to the mean absolute error: at each of 100
  /// shares 0, 1/100, ... of the voxels the mean error of what is left after those of the largest spread went, minus
  /// that after those of the largest error went; the mean of these. 0 for a spread in the order of the errors. Voxels
  /// of one spread count with their mean error, so that no order decides. None for a prediction without any error.
  std::optional<double> ause;
  /// Root mean square of the spread over that of the error: 1 for a spread of the right size. None as for `ause`.
  std::optional<double> ratio;
  /// Mean continuous ranked probability score in HU of normal distributions with the prediction as mean and the spread
  /// as deviation (Gneiting & Raftery 2007, JASA 102:359, the equation behind 20): the absolute error where the spread
  /// is 0, so that a spread which tells of the error brings it below the mean absolute error.
  double crps_hu = 0;
  /// Share of the voxels whose error is at most each multiple of the spread.
  std::array<double, spread_multiples> within{};
};

/// Throws Error for a spread that is negative or not finite in a voxel inside the mask.
void require_spread(const Volume& spread_hu, const Mask& mask);

/// Over the voxels inside the mask. Throws Error as check_gradable() and require_spread(). Memory 16 bytes per mask
/// voxel.
SpreadMetrics spread_metrics(const Volume& prediction_hu, const Volume& target_hu, const Volume& spread_hu,
                             const Mask& mask);

}  // namespace gdm::metrics
