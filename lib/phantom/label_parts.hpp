// Tissues that a label map does not tell apart.
#pragma once

#include <cstdint>
#include <vector>

#include "image/volume.hpp"
#include "phantom/label_map.hpp"

namespace gdm::phantom {

/// The standard normal number that a share of all lies below; 0 < share < 1.
double normal_quantile(double share);

/// Gives voxels of tissues with parts (TissueEntry::parts) to them: the first part that holds. All distances are those
/// of the map as it comes in. `labels` are the map's, on its grid.
void divide_into_parts(LabelMap& map, const TissueTable& table, const std::vector<std::uint16_t>& labels,
                       Random& random);

}  // namespace gdm::phantom
