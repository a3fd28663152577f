// Small blurs of whole volumes, in place.
#pragma once

#include <cstddef>
#include <cstdint>

#include "image/volume.hpp"

namespace gdm::phantom {

/// (side, 1 - 2 side, side) along one axis (0, 1, 2 for i, j, k), which adds 2 side to the variance of the point spread
/// in voxels; the ends keep their own value. 0 <= side <= 1/4 keeps every frequency positive.
void smooth_axis(Voxels<float>& voxels, const Index3& shape_ijk, std::size_t axis, float side);

/// A blur of about this standard deviation in mm along each axis, by repeated smooth_axis().
void smooth_mm(Volume& volume, double sigma_mm);

}  // namespace gdm::phantom
