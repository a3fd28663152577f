// Counts of segmented voxels; integers, so the order of summation does not matter.
#include "metrics/segmentation.hpp"

#include <cmath>

#include "image/mask.hpp"
#include "metrics/surface.hpp"

namespace gdm::metrics {
namespace {

constexpr float gas_below_hu = -500.0F;

template <class Inside>
Mask segment(const Mask& mask, const Inside& inside) {
  Mask result(mask.grid, 0);
  for (std::size_t n = 0; n < mask.voxels.size(); ++n) {
    result.voxels[n] = mask.voxels[n] != 0 && inside(n) ? 1 : 0;
  }
  return result;
}

}  // namespace

SegmentMetrics compare_segments(const Mask& prediction, const Mask& target, bool with_surfaces) {
  std::int64_t both = 0, predicted = 0, real = 0;
  for (std::size_t n = 0; n < target.voxels.size(); ++n) {
    const int p = prediction.voxels[n] != 0 ? 1 : 0, t = target.voxels[n] != 0 ? 1 : 0;
    both += p & t;
    predicted += p;
    real += t;
  }
  SegmentMetrics result;
  if (predicted + real > 0) result.dice = 2.0 * static_cast<double>(both) / static_cast<double>(predicted + real);
  const double excess = static_cast<double>(predicted - real);
  result.volume_error_ml = excess * target.grid.voxel_mm3() / 1000.0;
  if (real > 0) result.volume_error_percent = 100.0 * excess / static_cast<double>(real);
  if (!with_surfaces) return result;
  if (const auto distances = surface_distances(prediction, target)) {
    result.hd95_mm = distances->hd95_mm;
    result.assd_mm = distances->assd_mm;
  }
  return result;
}

Mask segment_above(const Volume& ct_hu, const Mask& mask, double threshold_hu) {
  return segment(mask, [&](std::size_t n) { return static_cast<double>(ct_hu.voxels[n]) >= threshold_hu; });
}

Mask segment_body(const Volume& ct_hu, const Mask& mask) {
  return body_mask_from_ct(with_outside(ct_hu, mask));
}

Mask segment_gas(const Volume& ct_hu, const Mask& body) {
  return segment(body, [&](std::size_t n) { return ct_hu.voxels[n] < gas_below_hu; });
}

Mask segment_label(const Volume& labels, const Mask& mask, int value) {
  return segment(mask, [&](std::size_t n) { return labels.voxels[n] == static_cast<float>(value); });
}

}  // namespace gdm::metrics
