// Overlap of tissues that a HU threshold separates.
#pragma once

#include <optional>

#include "image/volume.hpp"

namespace gdm::metrics {

/// Dice coefficient 2 |P and T| / (|P| + |T|) of the voxels inside the mask with at least `threshold_hu` (Dice, Ecology
/// 26, 1945). None if neither volume has such a voxel; 0 if one of them has none. Volumes and mask share one grid.
std::optional<double> dice_at_threshold(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                                        double threshold_hu);

}  // namespace gdm::metrics
