// Displacements between MR and CT that registration left behind.
#pragma once

#include <cstdint>
#include <vector>

#include "image/volume.hpp"
#include "phantom/noise.hpp"
#include "phantom/shape.hpp"
#include "sys/random.hpp"

namespace gdm::phantom {

/// Half of the mean square is a rigid motion (a shift and a rotation around the grid's centre), half a smooth field
/// with structures of some 80 mm.
class Misregistration {
 public:
  /// `rms_mm` > 0: root mean square of the displacement's length over the grid (of the smooth half, as expected).
  Misregistration(Random& random, const Grid& grid, double rms_mm);
  /// Displacements of slice k in mm along the axes i, j, k, i fastest. Safe from several threads.
  void slice(std::int64_t k, std::vector<Vec3>& moved_mm) const;

 private:
  Vec3 rigid_mm(std::int64_t i, std::int64_t j, std::int64_t k) const;

  Index3 shape_;
  Point3 spacing_mm_;
  Rotation rotation_;
  Vec3 shift_mm_;
  float rigid_scale_ = 1, smooth_mm_ = 0;
  std::vector<NoiseField> smooth_;  // one for each axis
};

}  // namespace gdm::phantom
