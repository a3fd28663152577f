#include "engine/prediction.hpp"

#include <algorithm>
#include <string>

#include "image/mask.hpp"
#include "image/orientation.hpp"

namespace gdm::engine {

std::vector<Volume> on_grid(const std::vector<Volume>& volumes, const Grid& grid) {
  std::vector<Volume> result;
  result.reserve(volumes.size());
  for (const Volume& volume : volumes) {
    result.push_back(regrid(volume, grid, least_finite(volume), model_regrid).volume);
  }
  return result;
}

Volume ct_on_grid(const Volume& ct_hu, const Grid& grid) {
  return regrid(ct_hu, grid, air_hu, model_regrid).volume;
}

Volume with_change(const Volume& own_hu, Volume predicted_hu, const Volume& seen_hu) {
  Volume change = std::move(predicted_hu);
  for (std::size_t v = 0; v < change.voxels.size(); ++v) change.voxels[v] -= seen_hu.voxels[v];
  Volume result = regrid(change, own_hu.grid, 0.0F, model_regrid).volume;
  for (std::size_t v = 0; v < result.voxels.size(); ++v) result.voxels[v] += own_hu.voxels[v];
  return result;
}

Volume mirrored(const Volume& volume) {
  const std::string letters = volume.grid.orientation();
  AxisMap backwards;
  backwards.flipped[std::min(letters.find('R'), letters.find('L'))] = true;
  Volume result = reoriented(volume, backwards);
  result.grid = volume.grid;
  return result;
}

std::vector<Volume> mirrored(const std::vector<Volume>& volumes) {
  std::vector<Volume> result;
  result.reserve(volumes.size());
  for (const Volume& volume : volumes) result.push_back(mirrored(volume));
  return result;
}

}  // namespace gdm::engine
