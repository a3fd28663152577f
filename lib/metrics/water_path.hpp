// A proxy for dose errors, not a dose: how far a wrong CT shifts the water-equivalent depth along straight beams.
#pragma once

#include <cstdint>
#include <vector>

#include "image/volume.hpp"

namespace gdm::metrics {

struct DensityPoint {
  double hu = 0, relative_density = 0;
};

/// Relative electron density (photons), which is not the stopping power relative to water that protons need: the two
/// lines recommended where a scanner's own calibration is missing (S. J. Thomas, British Journal of Radiology 72, 1999,
/// 781-786), 1 + HU / 1000 for tissue and 1 + HU / 1950 for bone. The lines leave a gap: tissue ends at 100 HU with a
/// density of 1.1 and bone has that density at 195 HU, so it is 1.1 in between. -1000 HU is 0, water 1.
std::vector<DensityPoint> thomas_density_table();

struct WaterPathOptions {
  /// IEC 61217 for a patient on his back, head first: 0 from the front, 90 from his left; degrees.
  std::vector<double> gantry_deg{0, 90, 180, 270};
  /// Ascending in HU, at least 2 points; linear in between, constant beyond the ends.
  std::vector<DensityPoint> table = thomas_density_table();
};

struct WaterPathError {
  std::int64_t samples = 0;              ///< over all angles
  double mean_mm = 0;                    ///< of |error|
  double p95_mm = 0;                     ///< 95th percentile of |error|, rounded down to 0.01 mm; at most 1000
  double bias_mm = 0;                    ///< mean error, prediction minus target
  std::vector<double> mean_by_angle_mm;  ///< of |error|, one per angle; 0 for an angle without samples
};

/// Error of the water-equivalent path length from a beam's entry into the body to points inside: the integral of
/// relative density along the beam, prediction minus target, in mm of water. Parallel beams in the axial plane (the
/// plane of the two voxel axes nearest to left-right and front-back). Rays and the samples on them are as far apart as
/// the smaller voxel edge of that plane; density differences are interpolated bilinearly and summed by the midpoint
/// rule; the error at a sample counts half of its own step. Outside `body` both volumes count as vacuum: couch and
/// masks have no part. Samples whose nearest voxel lies in `points` count: the body itself, or a target region.
/// Straight-line proxy: no scatter, no lateral disequilibrium. Does not depend on the number of threads. Throws Error
/// as check_gradable() with either mask, for a bad table, and if no angle has a sample.
WaterPathError water_path_error(const Volume& prediction_hu, const Volume& target_hu, const Mask& body,
                                const Mask& points, const WaterPathOptions& options = {});

}  // namespace gdm::metrics
