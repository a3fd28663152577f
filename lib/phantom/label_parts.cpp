#include "phantom/label_parts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "phantom/distance.hpp"
#include "phantom/label_map.hpp"
#include "phantom/noise.hpp"
#include "sys/parallel.hpp"

namespace gdm::phantom {
namespace {

constexpr double least_share = 0.85, most_share = 1.15;  // of a subject's distances, of those of the table

std::vector<std::uint8_t> set_of(const TissuePart& part, const LabelMap& map, const TissueTable& table,
                                 const std::vector<std::uint16_t>& labels) {
  std::vector<std::uint8_t> set(map.tissue.size());
  if (part.of == TissuePart::Of::labels) {
    std::vector<std::uint8_t> is_one(std::numeric_limits<std::uint16_t>::max() + std::size_t{1});
    for (const std::int64_t label : part.labels) is_one[static_cast<std::size_t>(label)] = 1;
    std::transform(labels.begin(), labels.end(), set.begin(), [&](std::uint16_t label) { return is_one[label]; });
    return set;
  }
  std::vector<std::uint8_t> is_bone;
  for (const TissueEntry& tissue : table.tissues) is_bone.push_back(tissue.kind == TissueKind::bone ? 1 : 0);
  for (std::size_t n = 0; n < set.size(); ++n) {
    set[n] = (part.of == TissuePart::Of::body_surface ? map.body[n] : is_bone[map.tissue[n]]) == 0 ? 1 : 0;
  }
  return set;
}

std::array<bool, 256> tissues_there(const LabelMap& map) {
  std::array<bool, 256> is_there{};
  for (const std::uint8_t tissue : map.tissue) is_there[tissue] = true;
  return is_there;
}

/// Surfaces lie half a voxel before the first centre beyond them.
double half_voxel_mm(const Grid& grid) {
  return 0.5 * grid.mean_edge_mm();
}

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
      DrawnPart next{
          &part, static_cast<std::uint8_t>(whole), part.distance_mm * random.uniform(least_share, most_share), {}};
      if (part.share < 1) {
        next.field.emplace(random, grid.shape_ijk, std::max(1.0, 0.5 * part.scale_mm / grid.mean_edge_mm()));
      }
      drawn.push_back(std::move(next));
    }
  }
  return drawn;
}

/// Gives the tissue to the voxels of the whole that the part holds and that none has taken.
void give(const DrawnPart& drawn, const PartDistances& distances, const std::vector<std::uint8_t>& before,
          std::vector<std::uint8_t>& taken, LabelMap& map) {
  const TissuePart& part = *drawn.part;
  const bool anywhere = part.of == TissuePart::Of::everywhere;
  const Voxels<float>* squared = anywhere ? nullptr : &distances.squared_mm2(part);
  const auto limit = static_cast<float>(std::pow(drawn.distance_mm + half_voxel_mm(map.grid), 2));
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

PartDistances::PartDistances(const LabelMap& map, const TissueTable& table, const std::vector<std::uint16_t>& labels) {
  const std::array<bool, 256> is_there = tissues_there(map);
  std::map<std::pair<TissuePart::Of, std::vector<std::int64_t>>, std::pair<const TissuePart*, double>> farthest;
  for (std::size_t whole = 0; whole < table.tissues.size(); ++whole) {
    for (const TissuePart& part : table.tissues[whole].parts) {
      if (!is_there[whole] || part.of == TissuePart::Of::everywhere) continue;
      auto& [first, reach_mm] = farthest[{part.of, part.labels}];
      first = &part;
      reach_mm = std::max(reach_mm, part.distance_mm * most_share + 2 * half_voxel_mm(map.grid));
    }
  }
  for (const auto& [key, asked] : farthest) {
    squared_mm2_.emplace(key, squared_distances(set_of(*asked.first, map, table, labels), map.grid, asked.second));
  }
}

void divide_into_parts(LabelMap& map, const TissueTable& table, const PartDistances& distances, Random& random) {
  const std::vector<std::uint8_t> before = map.tissue;
  const std::array<bool, 256> is_there = tissues_there(map);
  std::vector<std::uint8_t> taken(map.tissue.size(), 0);
  for (const DrawnPart& part : draw_parts(table, map.grid, random)) {
    if (is_there[part.whole]) give(part, distances, before, taken, map);
  }
}

}  // namespace gdm::phantom
