// The parallel-beam scan of ct/parallel.hpp as a linear map; rays in the order of its sinogram.
#pragma once

#include "ct/parallel.hpp"
#include "ct/projector.hpp"

namespace gdm::ct {

class ParallelProjector : public Projector {
 public:
  /// With more than one ray for each detector element, an element reads the mean of their line integrals: a linear
  /// model of its width. (What it measures is the mean of their transmissions; the two agree to first order.) Throws
  /// Error for a grid that is not orthogonal, a scan with a size or spacing <= 0, and less than one ray.
  ParallelProjector(const Grid& grid, const ParallelScan& scan, std::int64_t rays_per_element = 1);

  const Grid& grid() const override { return grid_; }
  std::int64_t ray_count() const override { return scan_.detectors * scan_.views * grid_.shape_ijk[2]; }
  std::int64_t view_count() const override { return scan_.views; }
  void forward(const float* volume, float* rays) const override { forward_views(0, 1, volume, rays); }
  void adjoint(const float* rays, float* volume) const override { adjoint_views(0, 1, rays, volume); }
  bool has_views() const override { return true; }
  void forward_views(std::int64_t first, std::int64_t step, const float* volume, float* rays) const override;
  void adjoint_views(std::int64_t first, std::int64_t step, const float* rays, float* volume) const override;
  std::unique_ptr<Projector> slab() const override;

 private:
  Grid grid_;
  ParallelScan scan_;
  std::int64_t rays_per_element_;
};

}  // namespace gdm::ct
