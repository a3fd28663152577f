// Holes in label maps: voxels that no rater meant to be air.
#pragma once

#include <cstdint>
#include <vector>

#include "image/volume.hpp"

namespace gdm::phantom {

/// Fills pockets of tissue 0 inside `body` of less than `least_mm3`, which automatic segmentations leave behind by the
/// thousand, from their borders inwards with the tissue that most of a voxel's six neighbours have (of equals the
/// last). Pockets that touch air outside the body stay. Returns how many voxels were filled.
std::int64_t fill_pockets(std::vector<std::uint8_t>& tissue, const Mask& body, double least_mm3);

}  // namespace gdm::phantom
