#include "phantom/label_parts.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "phantom/distance.hpp"
#include "phantom/noise.hpp"
#include "sys/parallel.hpp"

namespace gdm::phantom {
namespace {

/// The distances that parts ask for: from one set of voxels each, as far as the farthest part needs them.
class Distances {
 public:
  Distances(const LabelMap& map, const TissueTable& table, const std::vector<std::uint16_t>& labels)
      : map_(map), table_(table), labels_(labels), half_voxel_mm_(0.5 * map.grid.mean_edge_mm()) {}

  /// To be called for every part before the first distance is asked for.
  void announce(const TissuePart& part, double distance_mm) {
    double& reach_mm = reach_mm_[{part.of, part.labels}];
    reach_mm = std::max(reach_mm, limit_mm(distance_mm) + half_voxel_mm_);
  }

  const std::vector<float>& squared(const TissuePart& part) {
    const Key key{part.of, part.labels};
    const auto [place, fresh] = squared_.try_emplace(key);
    if (fresh) place->second = squared_distances(set_of(part), map_.grid, reach_mm_.at(key));
    return place->second;
  }

  /// Surfaces lie half a voxel before the first centre beyond them.
  double limit_mm(double distance_mm) const { return distance_mm + half_voxel_mm_; }

 private:
  using Key = std::pair<TissuePart::Of, std::vector<std::int64_t>>;

  std::vector<std::uint8_t> set_of(const TissuePart& part) const {
    std::vector<std::uint8_t> set(map_.tissue.size());
    if (part.of == TissuePart::Of::labels) {
      const auto is_one = [&](std::uint16_t label) {
        return std::find(part.labels.begin(), part.labels.end(), label) != part.labels.end();
      };
      std::transform(labels_.begin(), labels_.end(), set.begin(), is_one);
      return set;
    }
    std::vector<std::uint8_t> is_bone;
    for (const TissueEntry& tissue : table_.tissues) is_bone.push_back(tissue.kind == TissueKind::bone ? 1 : 0);
    for (std::size_t n = 0; n < set.size(); ++n) {
      set[n] = (part.of == TissuePart::Of::body_surface ? map_.body[n] : is_bone[map_.tissue[n]]) == 0 ? 1 : 0;
    }
    return set;
  }

  const LabelMap& map_;
  const TissueTable& table_;
  const std::vector<std::uint16_t>& labels_;
  double half_voxel_mm_;
  std::map<Key, double> reach_mm_;
  std::map<Key, std::vector<float>> squared_;
};

/// A part as one subject has it.
struct DrawnPart {
  const TissuePart* part;
  std::uint8_t whole;
  double distance_mm;
  std::optional<NoiseField> field;
};

std::vector<DrawnPart> draw_parts(const TissueTable& table, const Grid& grid, Random& random) {
  std::vector<DrawnPart> drawn;
  for (std::size_t whole = 0; whole < table.tissues.size(); ++whole) {
    for (const TissuePart& part : table.tissues[whole].parts) {
      DrawnPart next{&part, static_cast<std::uint8_t>(whole), part.distance_mm * random.uniform(0.85, 1.15), {}};
      if (part.share < 1) {
        next.field.emplace(random, grid.shape_ijk, std::max(1.0, 0.5 * part.scale_mm / grid.mean_edge_mm()));
      }
      drawn.push_back(std::move(next));
    }
  }
  return drawn;
}

/// Gives the tissue to the voxels of the whole that the part holds and that none has taken.
void give(const DrawnPart& drawn, Distances& distances, const std::vector<std::uint8_t>& before,
          std::vector<std::uint8_t>& taken, LabelMap& map) {
  const TissuePart& part = *drawn.part;
  const bool anywhere = part.of == TissuePart::Of::everywhere;
  const std::vector<float>* squared = anywhere ? nullptr : &distances.squared(part);
  const auto limit = static_cast<float>(std::pow(distances.limit_mm(drawn.distance_mm), 2));
  const auto band = drawn.field ? static_cast<float>(normal_quantile(0.5 + 0.5 * part.share)) : 0.0F;
  parallel_for(map.grid.shape_ijk[2], [&](std::int64_t k) {
    std::vector<float> field;
    const auto size = static_cast<std::size_t>(map.grid.shape_ijk[0] * map.grid.shape_ijk[1]);
    const std::size_t first = size * static_cast<std::size_t>(k);
    for (std::size_t n = 0; n < size; ++n) {
      const std::size_t at = first + n;
      if (before[at] != drawn.whole || taken[at] != 0) continue;
      if (!anywhere && ((*squared)[at] <= limit) == part.beyond) continue;
      if (drawn.field && field.empty()) drawn.field->slice(k, field);
      if (drawn.field && std::abs(field[n]) > band) continue;
      map.tissue[at] = static_cast<std::uint8_t>(part.tissue);
      taken[at] = 1;
    }
  });
}

}  // namespace

double normal_quantile(double share) {
  double low = -10, high = 10;
  for (int step = 0; step < 60; ++step) {
    const double middle = 0.5 * (low + high);
    (0.5 * std::erfc(-middle / std::sqrt(2.0)) < share ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

void divide_into_parts(LabelMap& map, const TissueTable& table, const std::vector<std::uint16_t>& labels,
                       Random& random) {
  const LabelMap whole_map{map.grid, map.tissue, map.body};
  std::vector<bool> is_there(table.tissues.size(), false);
  for (const std::uint8_t tissue : map.tissue) is_there[tissue] = true;
  std::vector<DrawnPart> drawn = draw_parts(table, map.grid, random);
  drawn.erase(std::remove_if(drawn.begin(), drawn.end(), [&](const DrawnPart& part) { return !is_there[part.whole]; }),
              drawn.end());
  Distances distances(whole_map, table, labels);
  for (const DrawnPart& part : drawn) distances.announce(*part.part, part.distance_mm);
  std::vector<std::uint8_t> taken(map.tissue.size(), 0);
  for (const DrawnPart& part : drawn) give(part, distances, whole_map.tissue, taken, map);
}

}  // namespace gdm::phantom
