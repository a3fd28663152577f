// A scan as a linear map: line integrals of a volume, and the exact transpose. What iterates over rays knows no more of
// a geometry than this.
#pragma once

#include <cstdint>
#include <memory>

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

  /// Whether the two below take some of the views; ordered subsets need that.
  virtual bool has_views() const { return false; }
  /// The same for views first, first + step, ... alone; the rays of other views are neither read nor written. Without
  /// has_views() there is one such choice, all of them.
  virtual void forward_views(std::int64_t first, std::int64_t step, const float* volume, float* rays) const {
    (void)first, (void)step, forward(volume, rays);
  }
  virtual void adjoint_views(std::int64_t first, std::int64_t step, const float* rays, float* volume) const {
    (void)first, (void)step, adjoint(rays, volume);
  }

  /// Where slices are scanned alone, by the same rays in each: the projector of slab_slices of them, which lie side by
  /// side, so that slice is the fastest index of volumes (slice, i, j) and of rays (slice, detector, view). Its grid
  /// has these axes and the in-plane spacings. One thread at a time may use it. Null for other geometries.
  virtual std::unique_ptr<Projector> slab() const { return nullptr; }
};

constexpr std::int64_t slab_slices = 16;  // one cache line of float

}  // namespace gdm::ct
