// Body masks for volumes that come without one.
#pragma once

#include "image/volume.hpp"

namespace gdm {

/// The patient in a CT: voxels above `threshold_hu`, the largest 6-connected component of them, holes filled in each
/// axial (k) slice, so that airways, sinuses and lungs count as inside. Empty if nothing lies above the threshold.
Mask body_mask_from_ct(const Volume& ct_hu, float threshold_hu = -400.0F);

std::int64_t count_inside(const Mask& mask);

}  // namespace gdm
