// The published definitions, as options of one sweep.
#include "metrics/ssim.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "metrics/ssim_sweep.hpp"

namespace gdm::metrics {
namespace {

constexpr std::array<double, 5> scale_weights{0.0448, 0.2856, 0.3001, 0.2363, 0.1333};
constexpr std::int64_t synthrad_least_extent = 97;

std::optional<double> mean_of(double sum, std::int64_t voxels) {
  if (voxels == 0) return std::nullopt;
  return sum / static_cast<double>(voxels);
}

/// Calls visit(scale, rows) for five scales; each scale lives until the next coarser one is made.
template <class Visit>
void for_each_scale(const PairRows& finest, Halving halving, const Visit& visit) {
  std::unique_ptr<PairRows> coarse;
  for (std::size_t scale = 0; scale < scale_weights.size(); ++scale) {
    if (scale > 0) coarse = std::make_unique<HalvedRows>(coarse ? *coarse : finest, halving);
    visit(scale, coarse ? *coarse : finest);
  }
}

void multiply(std::optional<double>& product, const std::optional<double>& factor) {
  if (!factor) product.reset();
  if (product) *product *= std::clamp(*factor, 0.0, 1.0);
}

}  // namespace

std::optional<double> ssim_synthrad2023(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                                        const HuRange& range) {
  const VolumeRows rows(prediction_hu, target_hu, mask, range, Preparation::clip_and_mask);
  MapOptions options;
  options.range_width = range.width_hu();
  const MapSums sums = sweep(rows, options);
  return mean_of(sums.masked, sums.masked_voxels);
}

MultiScale ms_ssim_synthrad2025(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                                const HuRange& range, bool whole) {
  const VolumeRows rows(prediction_hu, target_hu, mask, range, Preparation::clip_and_mask, synthrad_least_extent);
  MapOptions options;
  options.range_width = range.width_hu();
  options.powered = true;
  options.whole = whole;
  MultiScale result{1.0, std::nullopt};
  if (whole) result.whole = 1.0;
  // l^w c^w s^w = (l c s)^w, and l c s is SSIM: with C3 = C2 / 2 the product of the standard deviations cancels. l and
  // c are positive, so clamping each factor is clamping the product.
  for_each_scale(rows, Halving::synthrad2025, [&](std::size_t scale, const PairRows& at_scale) {
    options.exponent = scale_weights[scale];
    const MapSums sums = sweep(at_scale, options);
    multiply(result.masked, mean_of(sums.masked, sums.masked_voxels));
    multiply(result.whole, mean_of(sums.whole, sums.whole_voxels));
  });
  return result;
}

std::optional<double> ssim_plain(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                                 const HuRange& range) {
  const VolumeRows rows(prediction_hu, target_hu, mask, range, Preparation::as_they_are);
  MapOptions options;
  options.range_width = range.width_hu();
  options.gaussian = true;
  const MapSums sums = sweep(rows, options);
  return mean_of(sums.masked, sums.masked_voxels);
}

std::optional<double> ms_ssim_plain(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                                    const HuRange& range) {
  const VolumeRows rows(prediction_hu, target_hu, mask, range, Preparation::as_they_are);
  MapOptions options;
  options.range_width = range.width_hu();
  options.gaussian = true;
  std::optional<double> result = 1.0;
  for_each_scale(rows, Halving::average, [&](std::size_t scale, const PairRows& at_scale) {
    options.contrast_only = scale + 1 < scale_weights.size();
    const MapSums sums = sweep(at_scale, options);
    std::optional<double> mean = mean_of(sums.masked, sums.masked_voxels);
    if (mean) mean = std::pow(std::max(0.0, *mean), scale_weights[scale]);
    multiply(result, mean);
  });
  return result;
}

}  // namespace gdm::metrics
