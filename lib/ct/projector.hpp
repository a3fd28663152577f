// A scan as a linear map: line integrals of a volume, and the exact transpose. What iterates over rays knows no more of
// a geometry than this.
#pragma once

#include <cstdint>

#include "image/volume.hpp"

namespace gdm::ct {

class Projector {
 public:
  virtual ~Projector() = default;
  /// Of the volumes that forward() takes and adjoint() gives, in attenuation per mm.
  virtual const Grid& grid() const = 0;
  virtual std::int64_t ray_count() const = 0;
  virtual std::int64_t view_count() const = 0;
  /// `rays` (ray_count(), in the order of the geometry's sinogram file) is overwritten: line integrals, dimensionless.
  virtual void forward(const float* volume, float* rays) const = 0;
  /// `volume` is overwritten: the transpose, weights in mm.
  virtual void adjoint(const float* rays, float* volume) const = 0;
};

}  // namespace gdm::ct
