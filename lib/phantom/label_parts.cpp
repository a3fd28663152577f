#include "phantom/label_parts.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "metrics/surface.hpp"
#include "phantom/noise.hpp"
#include "sys/parallel.hpp"

namespace gdm::phantom {
namespace {

/// Where a part may be by its distance; nothing if everywhere.
std::optional<Mask> place_of(const TissuePart& part, const LabelMap& map, const TissueTable& table,
                             const std::vector<float>& labels, double distance_mm) {
  if (part.of == TissuePart::Of::everywhere) return std::nullopt;
  Mask inside(map.grid, 0);
  for (std::size_t n = 0; n < inside.voxels.size(); ++n) {
    if (part.of == TissuePart::Of::body_surface) {
      inside.voxels[n] = map.body[n];
    } else if (part.of == TissuePart::Of::bone_surface) {
      inside.voxels[n] = table.tissues[map.tissue[n]].kind == TissueKind::bone ? 1 : 0;
    } else {
      const auto label = static_cast<std::int64_t>(labels[n]);
      inside.voxels[n] = std::count(part.labels.begin(), part.labels.end(), label) == 0 ? 1 : 0;
    }
  }
  Mask near = metrics::near_surface(inside, distance_mm);
  if (!part.beyond) return near;
  for (std::size_t n = 0; n < near.voxels.size(); ++n) near.voxels[n] = inside.voxels[n] != 0 && near.voxels[n] == 0;
  return near;
}

/// Gives the tissue to the voxels of `whole` that the part holds and that none has taken.
void give(const TissuePart& part, const std::optional<Mask>& place, const std::optional<NoiseField>& blobs,
          std::uint8_t whole, const std::vector<std::uint8_t>& before, const Index3& shape,
          std::vector<std::uint8_t>& taken, LabelMap& map) {
  const auto limit = part.share < 1 && part.share > 0 ? static_cast<float>(normal_quantile(part.share)) : 0.0F;
  parallel_for(shape[2], [&](std::int64_t k) {
    std::vector<float> field;
    if (blobs) blobs->slice(k, field);
    const auto size = static_cast<std::size_t>(shape[0] * shape[1]), first = size * static_cast<std::size_t>(k);
    for (std::size_t n = 0; n < size; ++n) {
      if (before[first + n] != whole || taken[first + n] != 0) continue;
      if (place && place->voxels[first + n] == 0) continue;
      if (blobs && field[n] > limit) continue;
      map.tissue[first + n] = static_cast<std::uint8_t>(part.tissue);
      taken[first + n] = 1;
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

void divide_into_parts(LabelMap& map, const TissueTable& table, const std::vector<float>& labels, Random& random) {
  const std::vector<std::uint8_t> before = map.tissue;
  const LabelMap whole_map{map.grid, before, map.body};
  std::vector<std::uint8_t> taken(before.size(), 0);
  for (std::size_t whole = 0; whole < table.tissues.size(); ++whole) {
    const bool is_there = std::count(before.begin(), before.end(), static_cast<std::uint8_t>(whole)) > 0;
    for (const TissuePart& part : table.tissues[whole].parts) {
      const double distance_mm = part.distance_mm * random.uniform(0.85, 1.15);
      std::optional<NoiseField> blobs;
      if (part.share < 1) {
        blobs.emplace(random, map.grid.shape_ijk, std::max(1.0, 0.5 * part.scale_mm / map.grid.mean_edge_mm()));
      }
      if (!is_there || part.share <= 0) continue;
      const auto place = place_of(part, whole_map, table, labels, distance_mm);
      give(part, place, blobs, static_cast<std::uint8_t>(whole), before, map.grid.shape_ijk, taken, map);
    }
  }
}

}  // namespace gdm::phantom
