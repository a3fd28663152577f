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
