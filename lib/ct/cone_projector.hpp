// The matched pair for every geometry: line integrals by Joseph's method in 3-D (Joseph 1982, IEEE Trans. Med. Imaging
// 1(3):192-196), and their exact transpose.
//
// Along each ray, one sample is taken on each plane of the grid's axis that the ray crosses most (most planes per mm),
// interpolated bilinearly in that plane between voxel centres, zero outside the volume, and weighted by the distance to
// the next sample. Rays run from the source to the detector: what lies behind either is not seen.
#pragma once

#include <memory>

#include "ct/geometry.hpp"
#include "ct/projector.hpp"

namespace gdm::ct {

/// Rays in the order of the sinogram file: element u + columns * (v + rows * view).
/// Both directions give the same bits for any number of threads. Beside what is given and taken they hold about 32 MB
/// of rays, or four views, and slabs of eight planes of the volume: two, or for the transpose one per thread.
class ConeProjector : public Projector {
 public:
  /// Throws Error for a sheared grid and as PosedScan. Where the detector's rows run along an axis of the grid, and its
  /// rays cross less than a slice from plane to plane, whole detector columns are computed at once; other scans (tilted
  /// detectors, oblique volumes) are several times slower.
  ConeProjector(const Geometry& geometry, const Grid& grid);
  ~ConeProjector() override;

  const Grid& grid() const override { return grid_; }
  const PosedScan& scan() const { return scan_; }
  std::int64_t ray_count() const override { return scan_.view_count() * scan_.geometry().rays_per_view(); }
  std::int64_t view_count() const override { return scan_.view_count(); }
  void forward(const float* volume, float* rays) const override;
  void adjoint(const float* rays, float* volume) const override;
  bool has_views() const override { return true; }
  void forward_views(std::int64_t first, std::int64_t step, const float* volume, float* rays) const override;
  void adjoint_views(std::int64_t first, std::int64_t step, const float* rays, float* volume) const override;
  /// Whether whole detector columns are computed at once.
  bool is_fast() const;

 private:
  struct Columns;
  Grid grid_;
  PosedScan scan_;
  std::unique_ptr<Columns> columns_;  ///< null: ray by ray
};

}  // namespace gdm::ct
