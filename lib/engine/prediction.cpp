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

Volume with_change(const Volume& own_hu, const Volume& predicted_hu, const Volume& seen_hu) {
  Volume change = predicted_hu;
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

namespace {

/// Copies the voxels of the smaller image between it and the place in the larger one that begins at `voxels` on each
/// axis.
template <class Copy>
void for_rows(const Index3& small, const Index3& large, std::int64_t voxels, Copy copy) {
  for (std::int64_t k = 0; k < small[2]; ++k) {
    for (std::int64_t j = 0; j < small[1]; ++j) {
      copy((k * small[1] + j) * small[0], ((k + voxels) * large[1] + j + voxels) * large[0] + voxels);
    }
  }
}

Volume shifted(const Volume& volume, std::int64_t voxels) {
  Grid grid = volume.grid;
  const auto back = static_cast<double>(-voxels);
  const Point3 origin = grid.ras_of_index({back, back, back});
  for (std::size_t axis = 0; axis < 3; ++axis) {
    grid.shape_ijk[axis] += voxels;
    grid.ijk_to_ras_mm[axis][3] = origin[axis];
  }
  Volume result(grid, least_finite(volume));
  const std::int64_t row = volume.grid.shape_ijk[0];
  for_rows(volume.grid.shape_ijk, grid.shape_ijk, voxels, [&](std::int64_t small, std::int64_t large) {
    std::copy_n(volume.voxels.begin() + small, row, result.voxels.begin() + large);
  });
  return result;
}

}  // namespace

std::vector<Volume> shifted(const std::vector<Volume>& volumes, std::int64_t voxels) {
  std::vector<Volume> result;
  result.reserve(volumes.size());
  for (const Volume& volume : volumes) result.push_back(shifted(volume, voxels));
  return result;
}

Volume unshifted(const Volume& volume, std::int64_t voxels, const Grid& grid) {
  Volume result(grid, 0.0F);
  const std::int64_t row = grid.shape_ijk[0];
  for_rows(grid.shape_ijk, volume.grid.shape_ijk, voxels, [&](std::int64_t small, std::int64_t large) {
    std::copy_n(volume.voxels.begin() + large, row, result.voxels.begin() + small);
  });
  return result;
}

}  // namespace gdm::engine
