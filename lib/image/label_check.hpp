// Whether a volume holds classes rather than intensities: the one judgement of all programs.
#pragma once

#include "image/volume.hpp"

namespace gdm {

/// Classes, not intensities: whole numbers, few of them, and of most values most voxels have a neighbour along i of the
/// same value. Constant regions of an image (padding, clipped air) are a few values among many; a volume of one value
/// is nothing.
bool looks_like_labels(const Volume& volume);

}  // namespace gdm
