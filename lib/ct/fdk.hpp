// Filtered back-projection for every geometry: of a circular cone beam by Feldkamp, Davis and Kress (1984, J. Opt. Soc.
// Am. A 1(6):612-619), of fans and parallel beams its special cases (Kak & Slaney 1988, chapter 3).
//
// Each view is weighted by the cosine to the central ray, by its share of the circle and by what else saw its rays; it
// is filtered along the columns with the ramp of ct/parallel.hpp at the spacing seen at the isocentre, and spread back
// with the squared ratio of distances. Free poses are taken as those of a circle around the isocentre: exact for none
// of them, and good for small wobbles. Along a helix (views in order, one direction, a turn or more) what the views
// that see a voxel add up to is divided by their part of all views (the approximation of multi-slice scanners before
// exact methods: views that see it more than once around are not weighted against one another). The readings of a
// tilted detector are interpolated to those of an upright one first.
#pragma once

#include <optional>

#include "ct/geometry.hpp"
#include "ct/parallel.hpp"

namespace gdm::ct {

struct FdkOptions {
  Window window = Window::hann;
  double cutoff = 1.0;                  ///< of the window, see RampFilter
  std::optional<float> outside_per_mm;  ///< what voxels hold that not every view sees (of a helix: less
                                        ///< than half a turn); none: what they got
};

/// What fdk() took.
struct FdkTimes {
  double filter_s = 0, back_projection_s = 0;
};

/// Throws Error for scans and grids that fdk() refuses. Warns as it does.
void check_fdk(const Geometry& geometry, const Grid& grid);

/// Attenuation per mm on `grid` from line integrals in the order of the sinogram file (u, v, view). Views need no order
/// and no equal steps. A full turn counts each ray twice, with Wang's weights where the detector is offset by more than
/// a twentieth of its width (2002, Med. Phys. 29(7):1634-1636); a shorter range takes Parker's (1982, Med. Phys.
/// 9(2):254-257) over all that it has beyond a half turn (Silver 2000, Med. Phys. 27(4):773-774). Warns where the views
/// span less than a half turn and the fan's angle. Voxels that a view does not see take nothing from it; an offset
/// detector counts as one that reaches as far on both sides. Holds the
/// volume and about 32 MB of filtered views. Throws Error for a sheared grid, as PosedScan, and where the rays miss the
/// axis.
Volume fdk(const Geometry& geometry, const float* rays, const Grid& grid, const FdkOptions& options,
           FdkTimes* times = nullptr);

}  // namespace gdm::ct
