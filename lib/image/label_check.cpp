#include "image/label_check.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace gdm {
namespace {

constexpr double least_equal = 0.5;         // noise leaves far fewer neighbours equal, also in 8-bit images
constexpr std::size_t most_classes = 1024;  // atlases have hundreds of structures, images thousands of values

}  // namespace

bool looks_like_labels(const Volume& volume) {
  struct Count {
    std::int64_t voxels = 0, like_neighbour = 0;
  };
  std::unordered_map<float, Count> counts;
  const std::int64_t row = volume.grid.shape_ijk[0];
  for (std::size_t v = 0; v < volume.voxels.size(); ++v) {
    const float value = volume.voxels[v];
    if (!(value == std::floor(value))) return false;
    Count& count = counts[value];
    if (counts.size() > most_classes) return false;
    const auto i = static_cast<std::int64_t>(v) % row;
    const bool before = i > 0 && volume.voxels[v - 1] == value, after = i + 1 < row && volume.voxels[v + 1] == value;
    ++count.voxels;
    count.like_neighbour += before || after ? 1 : 0;
  }
  if (counts.size() < 2) return false;
  const auto in_areas = std::count_if(counts.begin(), counts.end(), [](const auto& item) {
    const Count& count = item.second;
    return static_cast<double>(count.like_neighbour) > least_equal * static_cast<double>(count.voxels);
  });
  return static_cast<double>(in_areas) > least_equal * static_cast<double>(counts.size());
}

}  // namespace gdm
