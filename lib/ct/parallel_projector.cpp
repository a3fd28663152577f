#include "ct/parallel_projector.hpp"

#include <fmt/format.h>

#include <cstring>

#include "ct/joseph.hpp"
#include "sys/error.hpp"

namespace gdm::ct {
namespace {

static_assert(slab_slices == lane_count);

/// 16 slices whose volumes and rays are lanes already: only the border of zeros that the walk asks for is put around.
class ParallelSlab : public Projector {
 public:
  ParallelSlab(const Plane& plane, const ParallelScan& scan, std::int64_t rays_per_element)
      : plane_(plane),
        scan_(scan),
        rays_per_element_(rays_per_element),
        grid_(Grid::centred({lane_count, plane.ni, plane.nj}, {1.0, plane.dx_mm, plane.dy_mm})),
        padded_(static_cast<std::size_t>(plane.pixels())),
        line_(static_cast<std::size_t>(scan.detectors)),
        rays_(static_cast<std::size_t>(scan.detectors * rays_per_element)) {
    const ParallelScan rays = scan_of_rays(scan, rays_per_element);
    for (std::int64_t view = 0; view < scan.views; ++view) walks_.emplace_back(plane, rays, view);
  }

  const Grid& grid() const override { return grid_; }
  std::int64_t ray_count() const override { return scan_.detectors * scan_.views * lane_count; }
  std::int64_t view_count() const override { return scan_.views; }
  void forward(const float* volume, float* rays) const override { forward_views(0, 1, volume, rays); }
  void adjoint(const float* rays, float* volume) const override { adjoint_views(0, 1, rays, volume); }
  bool has_views() const override { return true; }

  void forward_views(std::int64_t first, std::int64_t step, const float* volume, float* rays) const override {
    clear_border();
    for (std::int64_t j = 0; j < plane_.nj; ++j) std::memcpy(row(j), volume + j * row_values(), row_bytes());
    for (std::int64_t view = first; view < scan_.views; view += step) {
      project_view(walks_[static_cast<std::size_t>(view)], ray_values(), padded_.data(), rays_.data());
      mean_of_rays(rays_.data(), scan_.detectors, rays_per_element_, line_.data());
      std::memcpy(rays + view * view_values(), line_.data(), line_.size() * sizeof(Lanes));
    }
  }

  void adjoint_views(std::int64_t first, std::int64_t step, const float* rays, float* volume) const override {
    std::fill(padded_.begin(), padded_.end(), Lanes{});
    for (std::int64_t view = first; view < scan_.views; view += step) {
      std::memcpy(line_.data(), rays + view * view_values(), line_.size() * sizeof(Lanes));
      spread_to_rays(line_.data(), scan_.detectors, rays_per_element_, rays_.data());
      back_project_view(walks_[static_cast<std::size_t>(view)], ray_values(), rays_.data(), padded_.data());
    }
    for (std::int64_t j = 0; j < plane_.nj; ++j) std::memcpy(volume + j * row_values(), row(j), row_bytes());
  }

 private:
  std::int64_t ray_values() const { return scan_.detectors * rays_per_element_; }
  std::int64_t row_values() const { return plane_.ni * lane_count; }
  std::int64_t view_values() const { return scan_.detectors * lane_count; }
  std::size_t row_bytes() const { return static_cast<std::size_t>(row_values()) * sizeof(float); }
  Lanes* row(std::int64_t j) const { return &padded_[static_cast<std::size_t>(plane_.at(0, j))]; }
  /// adjoint_views() leaves there what rays put beside the slice.
  void clear_border() const {
    std::fill(row(-1) - 1, row(0), Lanes{});
    std::fill(row(plane_.nj) - 1, row(plane_.nj) - 1 + plane_.row(), Lanes{});
    for (std::int64_t j = 0; j < plane_.nj; ++j) row(j)[-1] = row(j)[plane_.ni] = Lanes{};
  }

  Plane plane_;
  ParallelScan scan_;
  std::int64_t rays_per_element_;
  Grid grid_;
  std::vector<ViewWalk> walks_;
  mutable std::vector<Lanes> padded_, line_, rays_;
};

}  // namespace

ParallelProjector::ParallelProjector(const Grid& grid, const ParallelScan& scan, std::int64_t rays_per_element)
    : grid_(grid), scan_(scan), rays_per_element_(rays_per_element) {
  require_possible(grid, scan);
  if (rays_per_element < 1) {
    throw Error(fmt::format("{} rays for each detector element: expected 1 or more", rays_per_element));
  }
}

void ParallelProjector::forward_views(std::int64_t first, std::int64_t step, const float* volume, float* rays) const {
  const Plane plane(grid_);
  const ParallelScan fine = scan_of_rays(scan_, rays_per_element_);
  for_each_slab(grid_.shape_ijk[2], [&](std::int64_t k0, std::int64_t count) {
    std::vector<Lanes> slab, line(static_cast<std::size_t>(scan_.detectors));
    std::vector<Lanes> ray_line(static_cast<std::size_t>(fine.detectors));
    load_slab(volume, plane, k0, count, slab);
    for (std::int64_t view = first; view < scan_.views; view += step) {
      project_view(ViewWalk(plane, fine, view), fine.detectors, slab.data(), ray_line.data());
      mean_of_rays(ray_line.data(), scan_.detectors, rays_per_element_, line.data());
      store_view(line.data(), scan_, view, k0, count, rays);
    }
  });
}

void ParallelProjector::adjoint_views(std::int64_t first, std::int64_t step, const float* rays, float* volume) const {
  const Plane plane(grid_);
  const ParallelScan fine = scan_of_rays(scan_, rays_per_element_);
  for_each_slab(grid_.shape_ijk[2], [&](std::int64_t k0, std::int64_t count) {
    std::vector<Lanes> slab(static_cast<std::size_t>(plane.pixels()));
    std::vector<Lanes> line(static_cast<std::size_t>(scan_.detectors));
    std::vector<Lanes> ray_line(static_cast<std::size_t>(fine.detectors));
    for (std::int64_t view = first; view < scan_.views; view += step) {
      load_view(rays, scan_, view, k0, count, line.data());
      spread_to_rays(line.data(), scan_.detectors, rays_per_element_, ray_line.data());
      back_project_view(ViewWalk(plane, fine, view), fine.detectors, ray_line.data(), slab.data());
    }
    store_slab(slab, plane, k0, count, volume);
  });
}

std::unique_ptr<Projector> ParallelProjector::slab() const {
  return std::make_unique<ParallelSlab>(Plane(grid_), scan_, rays_per_element_);
}

}  // namespace gdm::ct
