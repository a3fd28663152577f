// Voxel-wise differences between a predicted and a real CT inside a mask, as the SynthRAD challenges define them
// (Huijben et al., Medical Image Analysis 97, 2024, and github SynthRAD2023/metrics, image_metrics.py).
#pragma once

#include <cstdint>

#include "image/volume.hpp"

namespace gdm::metrics {

/// Dynamic range in HU: what PSNR and SSIM clip to, and their L = high - low. Default as in SynthRAD2023.
struct HuRange {
  double low_hu = -1024.0;
  double high_hu = 3000.0;
  double width_hu() const { return high_hu - low_hu; }
};

/// Bone is what has at least this many HU; the same threshold for bone MAE and bone Dice.
constexpr double bone_threshold_hu = 250.0;

/// Throws Error, naming both grids, if prediction, target and mask are not on one grid (0.01 mm); if the mask is empty;
/// or if the prediction or the target has NaN or infinite voxels inside the mask. Outside it they do not matter.
void check_gradable(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask);

struct PixelMetrics {
  std::int64_t voxels = 0;  ///< voxels inside the mask
  double mae_hu = 0;        ///< mean |prediction - target|, not clipped
  double rmse_hu = 0;       ///< root of the mean squared difference, not clipped
  double bias_hu = 0;       ///< mean (prediction - target), not clipped
  double psnr_db = 0;       ///< both clipped to the range, 10 log10(L^2 / MSE); +infinity where MSE is 0
};

/// All of them in one pass in double precision; the result does not depend on the number of threads. The volumes must
/// have passed check_gradable().
PixelMetrics pixel_metrics(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                           const HuRange& range);

}  // namespace gdm::metrics
