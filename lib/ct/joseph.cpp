#include "ct/joseph.hpp"

#include <fmt/format.h>

#include "sys/error.hpp"

namespace gdm::ct {

void require_possible(const Grid& grid, const ParallelScan& scan) {
  if (!grid.is_orthogonal()) throw Error("parallel-beam CT needs orthogonal axes, and this grid is sheared");
  if (scan.views < 1 || scan.detectors < 1 || !(scan.detector_spacing_mm > 0)) {
    throw Error(fmt::format("a scan of {} views and {} detectors of {} mm is not possible", scan.views, scan.detectors,
                            scan.detector_spacing_mm));
  }
}

void store_slab(const std::vector<Lanes>& slab, const Plane& plane, std::int64_t k0, std::int64_t count,
                float* volume) {
  for (std::int64_t j = 0; j < plane.nj; ++j) {
    for (std::int64_t lane = 0; lane < count; ++lane) {
      float* out = volume + plane.ni * (j + plane.nj * (k0 + lane));
      const Lanes* in = &slab[static_cast<std::size_t>(plane.at(0, j))];
      for (std::int64_t i = 0; i < plane.ni; ++i) out[i] = in[i].v[lane];
    }
  }
}

void load_view(const float* rays, const ParallelScan& scan, std::int64_t view, std::int64_t k0, std::int64_t count,
               Lanes* line) {
  std::fill(line, line + scan.detectors, Lanes{});
  for (std::int64_t lane = 0; lane < count; ++lane) {
    const float* in = rays + scan.detectors * (view + scan.views * (k0 + lane));
    for (std::int64_t d = 0; d < scan.detectors; ++d) line[d].v[lane] = in[d];
  }
}

void store_view(const Lanes* line, const ParallelScan& scan, std::int64_t view, std::int64_t k0, std::int64_t count,
                float* rays) {
  for (std::int64_t lane = 0; lane < count; ++lane) {
    float* out = rays + scan.detectors * (view + scan.views * (k0 + lane));
    for (std::int64_t d = 0; d < scan.detectors; ++d) out[d] = line[d].v[lane];
  }
}

GDM_CLONES void project_view(const ViewWalk& walk, std::int64_t detectors, const Lanes* slab, Lanes* line) {
  std::fill(line, line + detectors, Lanes{});
  walk.for_each_sample(
      detectors, [&](std::int64_t d, std::int64_t a, std::int64_t b, float f)
                     __attribute__((always_inline)) { line[d].v += slab[a].v + f * (slab[b].v - slab[a].v); });
  const auto sample_mm = static_cast<float>(walk.sample_mm);
  for (std::int64_t d = 0; d < detectors; ++d) line[d].v *= sample_mm;
}

GDM_CLONES void back_project_view(const ViewWalk& walk, std::int64_t detectors, Lanes* line, Lanes* slab) {
  const auto sample_mm = static_cast<float>(walk.sample_mm);
  for (std::int64_t d = 0; d < detectors; ++d) line[d].v *= sample_mm;
  walk.for_each_sample(
      detectors, [&](std::int64_t d, std::int64_t a, std::int64_t b, float f) __attribute__((always_inline)) {
        slab[a].v += (1.0F - f) * line[d].v;
        slab[b].v += f * line[d].v;
      });
}

ParallelScan scan_of_rays(const ParallelScan& scan, std::int64_t rays_per_element) {
  ParallelScan rays = scan;
  rays.detectors *= rays_per_element;
  rays.detector_spacing_mm /= static_cast<double>(rays_per_element);
  return rays;
}

void mean_of_rays(const Lanes* rays, std::int64_t detectors, std::int64_t rays_per_element, Lanes* line) {
  const float share = 1.0F / static_cast<float>(rays_per_element);
  for (std::int64_t d = 0; d < detectors; ++d) {
    Lanes sum = rays[d * rays_per_element];
    for (std::int64_t r = 1; r < rays_per_element; ++r) sum.v += rays[d * rays_per_element + r].v;
    line[d].v = share * sum.v;
  }
}

void spread_to_rays(const Lanes* line, std::int64_t detectors, std::int64_t rays_per_element, Lanes* rays) {
  const float share = 1.0F / static_cast<float>(rays_per_element);
  for (std::int64_t d = 0; d < detectors; ++d) {
    for (std::int64_t r = 0; r < rays_per_element; ++r) rays[d * rays_per_element + r].v = share * line[d].v;
  }
}

}  // namespace gdm::ct
