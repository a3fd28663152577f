// Gamma index between two dose distributions that were computed elsewhere.
#pragma once

#include <cstdint>
#include <string>

#include "image/volume.hpp"

namespace gdm::metrics {

struct GammaOptions {
  double dose_difference = 0.02;  ///< criterion as a fraction of the reference maximum (global normalisation)
  double distance_mm = 2.0;       ///< criterion: distance to agreement
  double low_dose_cut = 0.10;     ///< points below this fraction of the reference maximum are not graded
  double steps = 10.0;            ///< interpolated samples per distance_mm along each axis, at least
  double cap = 2.0;               ///< gamma values are searched, and counted in the mean, up to this; at least 1
};

/// "2%/2mm", "3%/1.5mm": the two criteria, the rest as above. Throws Error (usage) for anything else and for criteria
/// not above 0 and at most 100 % or 100 mm.
GammaOptions gamma_from_text(const std::string& text);

struct GammaResult {
  std::int64_t points = 0, passed = 0;  ///< graded voxels of the reference; those with gamma <= 1
  double pass_rate = 0;                 ///< passed / points
  double mean = 0;                      ///< of min(gamma, cap)
};

/// Gamma index (Low et al., Medical Physics 25, 1998): for each voxel of the reference the least
/// sqrt(distance^2 / distance_mm^2 + (evaluated - reference)^2 / (dose_difference x reference maximum)^2) over
/// positions in the evaluated dose. Positions are the voxels divided evenly along each axis so that no step exceeds
/// distance_mm / steps, doses there are trilinear; all of them within cap x distance_mm are searched, none beyond.
/// 128^3 voxels take seconds: cells of 8 voxels whose distance and range of doses rule out a lower value are skipped
/// without loss. Does not depend on the number of threads. Needs two volumes besides the doses. Throws Error if the
/// grids differ or are not orthogonal, for values that are not finite, a reference maximum not above 0, or options that
/// are not positive.
GammaResult gamma_index(const Volume& reference_dose, const Volume& evaluated_dose, const GammaOptions& options = {});

}  // namespace gdm::metrics
