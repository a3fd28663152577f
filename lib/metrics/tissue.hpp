// Errors by tissue: classes of voxels by the target's HU or by a label volume.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "image/volume.hpp"

namespace gdm::metrics {

/// Voxels with low <= value < high.
struct ValueClass {
  std::string name;
  double low, high;
};

/// Air, lung, fat, soft tissue and bone by HU. The gaps between them (-500 to -190, 150 to 250) are mixtures of tissues
/// at surfaces for the most part and belong to none. The bounds are usual ones, not from one source; bone begins at
/// bone_threshold_hu.
const std::vector<ValueClass>& tissue_classes();

struct ClassErrors {
  std::int64_t voxels = 0;
  double absolute_hu = 0, signed_hu = 0;  ///< sums of |prediction - target| and of prediction - target
};

/// Errors over the mask voxels of each class of `classified` (the target, or a label volume on its grid), in order. The
/// result does not depend on the number of threads.
std::vector<ClassErrors> errors_by_class(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                                         const Volume& classified, const std::vector<ValueClass>& classes);

}  // namespace gdm::metrics
