// Counts of thresholded voxels; integers, so the order of summation does not matter.
#include "metrics/segmentation.hpp"

namespace gdm::metrics {

std::optional<double> dice_at_threshold(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                                        double threshold_hu) {
  std::int64_t both = 0, total = 0;
  for (std::size_t n = 0; n < mask.voxels.size(); ++n) {
    const int inside = mask.voxels[n] != 0 ? 1 : 0;
    const int p = static_cast<double>(prediction_hu.voxels[n]) >= threshold_hu ? inside : 0;
    const int t = static_cast<double>(target_hu.voxels[n]) >= threshold_hu ? inside : 0;
    both += p & t;
    total += p + t;
  }
  if (total == 0) return std::nullopt;
  return 2.0 * static_cast<double>(both) / static_cast<double>(total);
}

}  // namespace gdm::metrics
