// Means of a similarity map over a mask, without ever holding the map: strips of rows are swept along k.
#pragma once

#include <cstdint>

#include "metrics/ssim_rows.hpp"

namespace gdm::metrics {

struct MapOptions {
  double range_width = 1;      ///< L of the constants (K1 L)^2 and (K2 L)^2 with K1 = 0.01, K2 = 0.03
  bool gaussian = false;       ///< 11^3 Gaussian window of sigma 1.5 and weighted covariance; else 7^3 uniform window
                               ///< and sample covariance (x 343/342)
  bool contrast_only = false;  ///< without the luminance term
  bool powered = false;        ///< the map is max(value, 0)^exponent
  double exponent = 1;
  bool whole = false;  ///< also the mean over all voxels
};

struct MapSums {
  double masked = 0, whole = 0;
  std::int64_t masked_voxels = 0, whole_voxels = 0;
};

/// Sums of the map over voxels whose whole window lies inside, and their numbers: 0 if an axis is shorter than the
/// window. The result does not depend on the number of threads.
MapSums sweep(const PairRows& rows, const MapOptions& options);

}  // namespace gdm::metrics
