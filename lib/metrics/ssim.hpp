// Structural similarity in three dimensions, at one scale and at five: as the SynthRAD challenges compute it, and as in
// the papers that introduced it. Volumes and mask share one grid and have passed check_gradable(); voxels outside the
// mask may be anything, and matter only where "neither clipped nor masked" is said. Results do not depend on the number
// of threads.
#pragma once

#include <optional>

#include "image/volume.hpp"
#include "metrics/pixel.hpp"

namespace gdm::metrics {

/// SSIM (Wang et al., IEEE TIP 13, 2004, equation 13) by the definition of github SynthRAD2023/metrics: both volumes
/// clipped to the range, set to its lower end outside the mask and shifted to start at 0; uniform window of 7 x 7 x 7
/// voxels, K1 = 0.01, K2 = 0.03, L = width of the range, sample covariance (x 343/342) as in
/// skimage.metrics.structural_similarity; mean over the mask without the 3 voxels at each border.
/// None if an axis is shorter than 7 voxels or no mask voxel is left. Needs 8 MB besides the volumes.
std::optional<double> ssim_synthrad2023(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                                        const HuRange& range);

/// A five-scale value over the mask, and over all voxels of the same images.
struct MultiScale {
  std::optional<double> masked, whole;
};

/// MS-SSIM by the definition of github SynthRAD2025/evaluation (image_metrics.py): images as for ssim_synthrad2023();
/// axes shorter than 97 voxels continued with their border voxels; at each of five scales the map (l c s)^w with
/// w = 0.0448, 0.2856, 0.3001, 0.2363, 0.1333, every factor at least 0, and with the luminance l at every scale, is
/// averaged over the mask without the 3 voxels at each border; between scales images are averaged over voxels
/// (2 n - 1, 2 n) with zeros before the first, and every other mask voxel is kept; the value is the product of the
/// five means. Padding and averaging tell the ends of an axis apart: the metrics of a case are
/// taken in standard_orientation (image/orientation.hpp). None if no mask voxel is left at some scale. Needs 2/8 of a
/// volume besides the volumes. `whole` is computed only if asked for.
MultiScale ms_ssim_synthrad2025(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                                const HuRange& range, bool whole);

/// SSIM as in the paper: HU minus the range's lower end, neither clipped nor masked (what is not finite becomes the
/// lower end), Gaussian window of sigma 1.5 and 11 x 11 x 11 voxels, K1, K2 and L as above, weighted covariance; mean
/// over the mask without the 5 voxels at each border. Windows of voxels within 5 voxels of the mask's surface see what
/// lies outside it: the paper knows no mask. None if an axis is shorter than 11 voxels or no mask voxel is
/// left.
std::optional<double> ssim_plain(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                                 const HuRange& range);

/// MS-SSIM as in the paper (Wang, Simoncelli & Bovik, Asilomar 2003, equation 7) with the windows and images of
/// ssim_plain(): means over the mask of contrast times structure at scales 1 to 4 and of SSIM at scale 5, each at least
/// 0, raised to the weights above and multiplied; 2^3 averages between scales. None if an axis is shorter than 176
/// voxels (11 at scale 5) or no mask voxel is left at some scale.
std::optional<double> ms_ssim_plain(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                                    const HuRange& range);

}  // namespace gdm::metrics
