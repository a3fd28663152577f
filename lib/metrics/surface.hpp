// Distances between the surfaces of two segmentations.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "image/volume.hpp"

namespace gdm::metrics {

struct SurfaceDistances {
  double hd95_mm = 0;  ///< larger of the two directed 95th percentiles (as MONAI's HausdorffDistanceMetric, which
                       ///< SynthRAD2025 uses; linear interpolation between order statistics)
  double assd_mm = 0;  ///< mean over the distances of both directions together
  double hd_mm = 0;    ///< largest of all distances
};

/// A segment's surface is its voxels with one of six face neighbours outside it; beyond the image everything is
/// outside. A directed distance leads from the centre of a voxel of one surface to the nearest voxel centre of the
/// other, with the grid's spacing (axes taken as orthogonal). None if either segment is empty. Exact in double
/// precision: nearest voxels by lower envelopes of parabolas (Felzenszwalb & Huttenlocher, Theory of Computing 8, 2012)
/// within the box around both segments; memory 6 bytes for each voxel of that box. The result does not depend on the
/// number of threads. Throws Error if the segments are not on one grid.
std::optional<SurfaceDistances> surface_distances(const Mask& a, const Mask& b);

/// The mask's voxels whose centre is at most `distance_mm` from that of the nearest voxel of its surface, so at least
/// the surface itself; distances as above. A face at the border of the image is no surface here: the field of view ends
/// there, not what the mask holds. Nothing if the mask is empty or fills the image.
Mask near_surface(const Mask& mask, double distance_mm);

}  // namespace gdm::metrics
