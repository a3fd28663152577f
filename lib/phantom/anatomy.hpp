// What an anatomy is to the scanners: each voxel's mixture of tissues, slice by slice. The procedural ones and label
// maps both are one.
#pragma once

#include <cstdint>
#include <vector>

#include "image/volume.hpp"
#include "phantom/looks.hpp"
#include "phantom/shape.hpp"

namespace gdm::phantom {

/// One slice, i fastest.
struct SliceMix {
  std::vector<Look> looks;           ///< sum over tissues of fraction times Look
  std::vector<std::uint8_t> tissue;  ///< place in the table of what fills most
  std::vector<std::uint8_t> body;    ///< 0 or 1
};

class Anatomy {
 public:
  virtual ~Anatomy() = default;
  virtual const Grid& grid() const = 0;
  /// Slice k as it is seen from places that lie `moved_mm` (along the axes i, j, k, one for each voxel of the slice)
  /// away; from its own without. Safe from several threads.
  virtual void slice(std::int64_t k, const std::vector<Vec3>* moved_mm, SliceMix& mix) const = 0;
};

}  // namespace gdm::phantom
