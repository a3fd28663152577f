// Agreement of the change from slice to slice, which slice-wise methods get wrong first.
#pragma once

#include <optional>

#include "image/volume.hpp"

namespace gdm::metrics {

/// Differences between voxels (i, j, k + 1) and (i, j, k), both inside the mask, in HU per slice (through-plane
/// gradient as finite difference along k, as in LiFT, arXiv 2605.19060). The metrics of a case are taken along the axis
/// nearest to superior-inferior, which is k in standard_orientation.
struct GradientMetrics {
  std::optional<double> mae_hu;       ///< mean |difference in the prediction - difference in the target|
  std::optional<double> bone_mae_hu;  ///< the same where at least one of the two target voxels is bone
  std::optional<double> correlation;  ///< Pearson's, of the two differences; none if one does not vary
};

/// None of the values if no two neighbouring slices share a mask voxel. The result does not depend on the number of
/// threads.
GradientMetrics through_plane_gradient(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask);

}  // namespace gdm::metrics
