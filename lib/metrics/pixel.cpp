// One pass over the masked voxels, in slices that are summed in their order.
#include "metrics/pixel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "image/grid_match.hpp"
#include "image/mask.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

void check_finite(const char* name, const Volume& volume, const Mask& mask) {
  std::int64_t bad = 0;
  for (std::size_t n = 0; n < volume.voxels.size(); ++n) {
    bad += static_cast<std::int64_t>(mask.voxels[n] != 0 && !std::isfinite(volume.voxels[n]));
  }
  if (bad > 0) throw Error(fmt::format("{} has {} NaN or infinite voxels inside the mask", name, bad));
}

struct ErrorSums {
  std::int64_t voxels = 0;
  double absolute = 0, squared = 0, signed_ = 0, clipped_squared = 0;

  ErrorSums& operator+=(const ErrorSums& other) {
    voxels += other.voxels;
    absolute += other.absolute;
    squared += other.squared;
    signed_ += other.signed_;
    clipped_squared += other.clipped_squared;
    return *this;
  }
};

ErrorSums sum_slice(const float* prediction, const float* target, const std::uint8_t* mask, std::int64_t count,
                    const HuRange& range) {
  ErrorSums sums;
  for (std::int64_t n = 0; n < count; ++n) {
    if (mask[n] == 0) continue;
    const double p = prediction[n], t = target[n], difference = p - t;
    const double clipped = std::clamp(p, range.low_hu, range.high_hu) - std::clamp(t, range.low_hu, range.high_hu);
    ++sums.voxels;
    sums.absolute += std::abs(difference);
    sums.squared += difference * difference;
    sums.signed_ += difference;
    sums.clipped_squared += clipped * clipped;
  }
  return sums;
}

}  // namespace

void check_gradable(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask) {
  require_same_grid(prediction_hu.grid, "the prediction", target_hu.grid, "the target");
  require_same_grid(mask.grid, "the mask", target_hu.grid, "the target");
  if (count_inside(mask) == 0) throw Error("the mask is empty, so there is nothing to grade");
  check_finite("the prediction", prediction_hu, mask);
  check_finite("the target", target_hu, mask);
}

PixelMetrics pixel_metrics(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                           const HuRange& range) {
  const Index3& shape = target_hu.grid.shape_ijk;
  const std::int64_t slice = shape[0] * shape[1];
  std::vector<ErrorSums> slices(static_cast<std::size_t>(shape[2]));
  parallel_for(shape[2], [&](std::int64_t k) {
    slices[static_cast<std::size_t>(k)] =
        sum_slice(prediction_hu.voxels.data() + k * slice, target_hu.voxels.data() + k * slice,
                  mask.voxels.data() + k * slice, slice, range);
  });
  ErrorSums total;
  for (const ErrorSums& sums : slices) total += sums;

  PixelMetrics result;
  const double n = static_cast<double>(total.voxels), clipped_mse = total.clipped_squared / n;
  result.voxels = total.voxels;
  result.mae_hu = total.absolute / n;
  result.rmse_hu = std::sqrt(total.squared / n);
  result.bias_hu = total.signed_ / n;
  result.psnr_db = clipped_mse > 0 ? 10.0 * std::log10(range.width_hu() * range.width_hu() / clipped_mse)
                                   : std::numeric_limits<double>::infinity();
  return result;
}

}  // namespace gdm::metrics
