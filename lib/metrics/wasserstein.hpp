// Distance between the HU distributions of two volumes, wherever in the mask the values lie.
#pragma once

#include "image/volume.hpp"

namespace gdm::metrics {

/// Wasserstein-1 distance in HU between the values of prediction and target inside the mask (Vallender, Theory of
/// Probability and its Applications 18, 1974): the mean absolute difference of the sorted values. Exact for the
/// samples, no histogram bins. 0 for any permutation of the target's voxels; never more than the MAE. Throws Error as
/// check_gradable(). Memory 16 bytes per mask voxel.
double wasserstein_hu(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask);

}  // namespace gdm::metrics
