// Tissues that a label map does not tell apart.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "image/volume.hpp"
#include "phantom/tissue.hpp"
#include "sys/random.hpp"

namespace gdm::phantom {

struct LabelMap;

/// The standard normal number that a share of all lies below; 0 < share < 1.
double normal_quantile(double share);

/// The distances in a map that parts ask for, from one set of voxels each, as far as any subject needs them. Subjects
/// share them, since to find them takes a third of the time of a small case.
class PartDistances {
 public:
  /// `labels` are the map's, on its grid.
  PartDistances(const LabelMap& map, const TissueTable& table, const std::vector<std::uint16_t>& labels);

  /// Of a part that is not `everywhere`, of a tissue that is there.
  const Voxels<float>& squared_mm2(const TissuePart& part) const { return squared_mm2_.at({part.of, part.labels}); }

 private:
  std::map<std::pair<TissuePart::Of, std::vector<std::int64_t>>, Voxels<float>> squared_mm2_;
};

/// Gives voxels of tissues with parts (TissueEntry::parts) to them, in one subject: the first part that holds. All
/// distances are those of the map as it comes in, which `distances` has.
void divide_into_parts(LabelMap& map, const TissueTable& table, const PartDistances& distances, Random& random);

}  // namespace gdm::phantom
