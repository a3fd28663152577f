#include "engine/prediction.hpp"

#include "image/mask.hpp"

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

}  // namespace gdm::engine
