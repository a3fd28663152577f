// Detector elements that have a width: rays across each of them.
#pragma once

#include <cstdint>

#include "ct/cone_projector.hpp"

namespace gdm::ct {

/// How many single rays stand for one element along its two edges.
struct ElementRays {
  std::int64_t columns = 1, rows = 1;
  std::int64_t count() const { return columns * rows; }
};
/// `rays` along both edges; along the columns alone where each row sees a plane of its own (parallel beams, fans, one
/// row) that is no higher than a slice, or the grid has but one: rays above and below its middle would only mix
/// neighbouring slices, and beyond the outermost one the air behind it. Throws Error for less than one ray and as
/// PosedScan.
ElementRays element_rays(const Geometry& geometry, const Grid& grid, std::int64_t rays);

/// The same scan with so many elements in the place of each, so that they are single rays evenly over it.
Geometry scan_of_rays(const Geometry& geometry, const ElementRays& rays);

/// A linear model of an element's width, for iterations: it reads the mean of the line integrals of element_rays()
/// (ct/cone_projector), and the exact transpose. (What it measures is the mean of their transmissions; the two agree to
/// first order.) Holds a block of single rays of about 64 MB or of one view, and in the transpose another volume.
class FineProjector : public Projector {
 public:
  /// Throws Error as ConeProjector, and for less than one ray.
  FineProjector(const Geometry& geometry, const Grid& grid, std::int64_t rays_per_edge);

  const Grid& grid() const override { return grid_; }
  std::int64_t ray_count() const override { return view_count() * coarse_.rays_per_view(); }
  std::int64_t view_count() const override { return coarse_.view_count(); }
  void forward(const float* volume, float* rays) const override { forward_views(0, 1, volume, rays); }
  void adjoint(const float* rays, float* volume) const override { adjoint_views(0, 1, rays, volume); }
  bool has_views() const override { return true; }
  void forward_views(std::int64_t first, std::int64_t step, const float* volume, float* rays) const override;
  void adjoint_views(std::int64_t first, std::int64_t step, const float* rays, float* volume) const override;

 private:
  Grid grid_;
  Geometry coarse_;
  ElementRays rays_;
  Geometry fine_;
};

/// What elements read of a volume that is the trilinear interpolation of its voxels, zero outside: the rays
/// of element_rays() with N times finer steps along them, and -ln of the mean of their transmissions exp(-p), so that a
/// reconstruction on the same grid does not invert the very sums that made its data. The volume is refined N times
/// along one axis at a time, for the rays that cross most of that axis, in slabs of about 128 MB; as much again holds a
/// block of single rays. `rays` (u, v, view) is overwritten. N = 1 is ConeProjector::forward(). Throws Error as
/// FineProjector.
void project_fine(const Volume& attenuation_per_mm, const Geometry& geometry, std::int64_t oversample, float* rays);

}  // namespace gdm::ct
