#include "prep/crop.hpp"

#include <algorithm>
#include <cmath>

#include "sys/error.hpp"

namespace gdm::prep {

VoxelBox box_around(const Mask& mask, double margin_mm) {
  const Index3& shape = mask.grid.shape_ijk;
  Index3 low = shape, high{-1, -1, -1}, at{};
  for (at[2] = 0; at[2] < shape[2]; ++at[2]) {
    for (at[1] = 0; at[1] < shape[1]; ++at[1]) {
      for (at[0] = 0; at[0] < shape[0]; ++at[0]) {
        if (mask.at(at[0], at[1], at[2]) == 0) continue;
        for (std::size_t a = 0; a < 3; ++a) {
          low[a] = std::min(low[a], at[a]);
          high[a] = std::max(high[a], at[a]);
        }
      }
    }
  }
  if (high[0] < 0) throw Error("the mask is empty, so there is nothing to crop to");
  const Point3 spacing = mask.grid.spacing_mm();
  VoxelBox box;
  for (std::size_t a = 0; a < 3; ++a) {
    const auto margin = static_cast<std::int64_t>(std::ceil(std::min(1e6, margin_mm / spacing[a]) - 1e-6));
    box.first[a] = std::max<std::int64_t>(0, low[a] - margin);
    box.shape_ijk[a] = std::min(shape[a], high[a] + margin + 1) - box.first[a];
  }
  return box;
}

Grid cropped(const Grid& grid, const VoxelBox& box) {
  Grid result = grid;
  Point3 first{};
  for (std::size_t a = 0; a < 3; ++a) {
    if (box.first[a] < 0 || box.shape_ijk[a] < 1 || box.first[a] + box.shape_ijk[a] > grid.shape_ijk[a]) {
      throw Error("the box reaches beyond the volume");
    }
    first[a] = static_cast<double>(box.first[a]);
  }
  result.shape_ijk = box.shape_ijk;
  const Point3 origin = grid.ras_of_index(first);
  for (std::size_t r = 0; r < 3; ++r) result.ijk_to_ras_mm[r][3] = origin[r];
  return result;
}

Volume cropped(const Volume& volume, const VoxelBox& box) {
  Volume result(cropped(volume.grid, box), 0.0F);
  const Index3& n = box.shape_ijk;
  for (std::int64_t k = 0; k < n[2]; ++k) {
    for (std::int64_t j = 0; j < n[1]; ++j) {
      const float* const row = &volume.at(box.first[0], box.first[1] + j, box.first[2] + k);
      std::copy_n(row, n[0], &result.at(0, j, k));
    }
  }
  return result;
}

}  // namespace gdm::prep
