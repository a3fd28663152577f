#include "ct/oversampled.hpp"

namespace gdm::ct {
namespace {

/// `row` has room for one row of samples along the minor axis with its border.
GDM_CLONES void project_rays(const ViewWalk& walk, std::int64_t rays, std::int64_t oversample, const Lanes* slab,
                             Lanes* row, Lanes* integrals) {
  std::fill(integrals, integrals + rays, Lanes{});
  const std::int64_t beyond = oversample / 2;  // samples between the first row of pixels and the border
  for (std::int64_t s = -beyond; s < walk.rows * oversample + beyond; ++s) {
    const double m = (static_cast<double>(s) + 0.5) / static_cast<double>(oversample) - 0.5;
    const double before = std::floor(m);
    const auto share = static_cast<float>(m - before);
    const Lanes* near = slab + (static_cast<std::int64_t>(before) + 1) * walk.row_stride;
    const Lanes* far = near + walk.row_stride;
    for (std::int64_t c = 0; c < walk.minor_size + 2; ++c) {
      const std::int64_t at = c * walk.minor_stride;
      row[c].v = near[at].v + share * (far[at].v - near[at].v);
    }
    walk.for_each_in_row(
        walk.start + walk.per_row * m,
        rays, [&](std::int64_t ray, std::int64_t cell, float f) __attribute__((always_inline)) {
          integrals[ray].v += row[cell].v + f * (row[cell + 1].v - row[cell].v);
        });
  }
  const auto sample_mm = static_cast<float>(walk.sample_mm / static_cast<double>(oversample));
  for (std::int64_t ray = 0; ray < rays; ++ray) integrals[ray].v *= sample_mm;
}

/// -ln of the mean of exp(-p) over an element's rays; the least p is taken out, so that no exponential underflows.
float of_mean_transmission(const Lanes* rays, std::int64_t count, std::int64_t lane) {
  float least = rays[0].v[lane], largest = least;
  for (std::int64_t ray = 1; ray < count; ++ray) {
    least = std::min(least, rays[ray].v[lane]);
    largest = std::max(largest, rays[ray].v[lane]);
  }
  if (least == largest) return least;
  double sum = 0;
  for (std::int64_t ray = 0; ray < count; ++ray) sum += std::exp(static_cast<double>(least - rays[ray].v[lane]));
  return least - static_cast<float>(std::log(sum / static_cast<double>(count)));
}

ParallelScan single_rays(ParallelScan scan, std::int64_t oversample) {
  scan.detectors *= oversample;
  scan.detector_spacing_mm /= static_cast<double>(oversample);
  return scan;
}

}  // namespace

OversampledView::OversampledView(const Plane& plane, const ParallelScan& scan, std::int64_t oversample)
    : plane_(plane),
      rays_(single_rays(scan, oversample)),
      oversample_(oversample),
      row_(static_cast<std::size_t>(std::max(plane.ni, plane.nj) + 2)),
      integrals_(static_cast<std::size_t>(rays_.detectors)) {}

void OversampledView::project(std::int64_t view, const Lanes* slab, std::int64_t count, Lanes* line) {
  project_rays(ViewWalk(plane_, rays_, view), rays_.detectors, oversample_, slab, row_.data(), integrals_.data());
  for (std::int64_t element = 0; element * oversample_ < rays_.detectors; ++element) {
    const Lanes* rays = &integrals_[static_cast<std::size_t>(element * oversample_)];
    for (std::int64_t lane = 0; lane < count; ++lane) {
      line[element].v[lane] = of_mean_transmission(rays, oversample_, lane);
    }
  }
}

}  // namespace gdm::ct
