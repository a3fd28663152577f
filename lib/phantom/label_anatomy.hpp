// A label map as an anatomy: smoothly deformed, on voxels of another size, each with the exact fractions of its
// tissues.
#pragma once

#include <cstdint>
#include <vector>

#include "phantom/anatomy.hpp"
#include "phantom/label_map.hpp"
#include "phantom/noise.hpp"
#include "sys/random.hpp"

namespace gdm::phantom {

/// The grid of a case from a map on `map`. Throws Error (Exit::usage) where less than 16 or more than 512 voxels lie
/// along an axis.
Grid label_case_grid(const Grid& map, double spacing_mm);

class LabelAnatomy : public Anatomy {
 public:
  /// Voxels of `spacing_mm` over the field of the map. A voxel's fractions are the overlaps of its box, which is moved
  /// by the deformation but not turned, with the boxes of the map's voxels, so that without deformation the volume of
  /// each tissue is that of the map; a box smaller than the map's voxels is taken as large as these. Beyond the map its
  /// border holds. `deformation_mm` is the root mean square of the displacement's length; structures of it are some 100
  /// and some 35 mm wide. Throws Error as label_case_grid().
  LabelAnatomy(LabelMap map, std::vector<Look> looks, Random& fields, double spacing_mm, double deformation_mm);
  const Grid& grid() const override { return grid_; }
  void slice(std::int64_t k, const std::vector<Vec3>* moved_mm, SliceMix& mix) const override;

 private:
  LabelMap map_;
  std::vector<Look> looks_;
  Grid grid_;
  Point3 steps_{};     ///< of the grid, in voxels of the map
  Point3 first_{};     ///< the grid's first voxel, as an index of the map
  Point3 voxel_mm_{};  ///< of the map
  float coarse_mm_ = 0, fine_mm_ = 0;
  std::vector<NoiseField> coarse_, fine_;
};

}  // namespace gdm::phantom
