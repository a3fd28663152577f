// Agreement of segments: of tissues that a HU threshold separates, or of given label volumes.
#pragma once

#include <optional>

#include "image/volume.hpp"

namespace gdm::metrics {

struct SegmentMetrics {
  std::optional<double> dice;  ///< 2 |P and T| / (|P| + |T|) (Dice, Ecology 26, 1945); none if both are empty
  std::optional<double> hd95_mm, assd_mm;      ///< see surface_distances(); none if either segment is empty
  double volume_error_ml = 0;                  ///< predicted minus target volume
  std::optional<double> volume_error_percent;  ///< of the target's volume; none if that is 0
};

/// Segments on one grid. Surface distances cost the most and are left out without `with_surfaces`.
SegmentMetrics compare_segments(const Mask& prediction, const Mask& target, bool with_surfaces);

/// Voxels inside the mask with at least `threshold_hu`.
Mask segment_above(const Volume& ct_hu, const Mask& mask, double threshold_hu);
/// body_mask_from_ct() of the volume after it was set to -1024 HU outside the mask.
Mask segment_body(const Volume& ct_hu, const Mask& mask);
/// Voxels of the body below -500 HU: lungs, and other gas inside the body.
Mask segment_gas(const Volume& ct_hu, const Mask& body);
/// Voxels inside the mask with exactly this label.
Mask segment_label(const Volume& labels, const Mask& mask, int value);

}  // namespace gdm::metrics
