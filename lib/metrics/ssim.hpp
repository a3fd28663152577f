// Structural similarity in three dimensions, as the SynthRAD2023 challenge computes it.
#pragma once

#include <optional>

#include "image/volume.hpp"
#include "metrics/pixel.hpp"

namespace gdm::metrics {

/// SSIM (Wang et al., IEEE TIP 13, 2004, equation 13) by the definition of github SynthRAD2023/metrics: both volumes
/// clipped to the range, set to its lower end outside the mask and shifted to start at 0; uniform window of 7 x 7 x 7
/// voxels, K1 = 0.01, K2 = 0.03, L = width of the range, sample covariance (x 343/342) as in
/// skimage.metrics.structural_similarity; mean over the mask without the 3 voxels at each border.
/// None if an axis is shorter than 7 voxels or no mask voxel is left. Voxels outside the mask may be anything; inside
/// they must be finite. Needs 8 MB besides the volumes; the result does not depend on the number of threads.
std::optional<double> ssim_synthrad2023(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                                        const HuRange& range);

}  // namespace gdm::metrics
