#include "ct/fine_projector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "image/vectors.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm::ct {
namespace {

/// The isocentre must not move with the grid: parts of it are projected alone.
Geometry settled(Geometry geometry, const Grid& grid) {
  if (!geometry.isocenter_mm) geometry.isocenter_mm = centre_of(grid);
  return geometry;
}

std::int64_t views_at_once(const Geometry& fine) {
  constexpr std::int64_t floats = std::int64_t{16} << 20;
  return std::max<std::int64_t>(1, floats / fine.rays_per_view());
}

/// Calls body(views of one block) for those of `views` that fit into memory together.
template <class Body>
void for_each_block(const std::vector<std::int64_t>& views, std::int64_t at_once, Body&& body) {
  for (auto from = views.begin(); from != views.end();) {
    const auto to = from + std::min<std::ptrdiff_t>(at_once, views.end() - from);
    body(std::vector<std::int64_t>(from, to));
    from = to;
  }
}

std::vector<std::int64_t> views_from(std::int64_t first, std::int64_t step, std::int64_t count) {
  std::vector<std::int64_t> views;
  for (std::int64_t view = first; view < count; view += step) views.push_back(view);
  return views;
}

/// Calls body(element of the view, first of its single rays) for the elements of a view in rows; the others of these
/// rays follow, edge by edge, `row` apart.
template <class Body>
void for_each_element(const Geometry& coarse, std::int64_t edge, Body&& body) {
  const std::int64_t row = coarse.detector_columns * edge;
  for (std::int64_t v = 0; v < coarse.detector_rows; ++v) {
    for (std::int64_t u = 0; u < coarse.detector_columns; ++u) {
      body(u + coarse.detector_columns * v, u * edge + row * v * edge);
    }
  }
}

}  // namespace

Geometry scan_of_rays(const Geometry& geometry, std::int64_t rays) {
  if (rays < 1) throw Error(fmt::format("{} rays across each detector element: expected 1 or more", rays));
  const double share = 1.0 / static_cast<double>(rays);
  Geometry fine = geometry;
  fine.detector_columns *= rays;
  fine.detector_rows *= rays;
  fine.column_spacing_mm *= share;
  fine.row_spacing_mm *= share;
  for (Pose& pose : fine.poses) {
    const double back = 0.5 * (1.0 - share);  // from an element's centre to its first ray
    pose.detector_mm = sum(sum(pose.detector_mm, pose.u_mm, -back), pose.v_mm, -back);
    pose.u_mm = scaled(pose.u_mm, share);
    pose.v_mm = scaled(pose.v_mm, share);
  }
  return fine;
}

FineProjector::FineProjector(const Geometry& geometry, const Grid& grid, std::int64_t rays_per_edge)
    : grid_(grid),
      coarse_(settled(geometry, grid)),
      fine_(scan_of_rays(coarse_, rays_per_edge)),
      rays_per_edge_(rays_per_edge) {
  ConeProjector(subset(fine_, {0}), grid);  // for its refusals
  check(fine_);
}

void FineProjector::forward_views(std::int64_t first, std::int64_t step, const float* volume, float* rays) const {
  const std::int64_t n = rays_per_edge_, row = coarse_.detector_columns * n;
  const float share = 1.0F / static_cast<float>(n * n);
  for_each_block(views_from(first, step, view_count()), views_at_once(fine_), [&](const auto& views) {
    Voxels<float> single(views.size() * static_cast<std::size_t>(fine_.rays_per_view()));
    ConeProjector(subset(fine_, views), grid_).forward(volume, single.data());
    parallel_for(static_cast<std::int64_t>(views.size()), [&](std::int64_t at) {
      const float* from = single.data() + at * fine_.rays_per_view();
      float* to = rays + views[static_cast<std::size_t>(at)] * coarse_.rays_per_view();
      for_each_element(coarse_, n, [&](std::int64_t element, std::int64_t ray) {
        float sum = 0;
        for (std::int64_t y = 0; y < n; ++y) {
          for (std::int64_t x = 0; x < n; ++x) sum += from[ray + x + row * y];
        }
        to[element] = share * sum;
      });
    });
  });
}

void FineProjector::adjoint_views(std::int64_t first, std::int64_t step, const float* rays, float* volume) const {
  const std::int64_t n = rays_per_edge_, row = coarse_.detector_columns * n;
  const float share = 1.0F / static_cast<float>(n * n);
  Voxels<float> part;
  bool is_first = true;
  const std::vector<std::int64_t> chosen = views_from(first, step, view_count());
  if (chosen.empty()) std::fill(volume, volume + grid_.voxels(), 0.0F);
  for_each_block(chosen, views_at_once(fine_), [&](const auto& views) {
    Voxels<float> single(views.size() * static_cast<std::size_t>(fine_.rays_per_view()));
    parallel_for(static_cast<std::int64_t>(views.size()), [&](std::int64_t at) {
      float* to = single.data() + at * fine_.rays_per_view();
      const float* from = rays + views[static_cast<std::size_t>(at)] * coarse_.rays_per_view();
      for_each_element(coarse_, n, [&](std::int64_t element, std::int64_t ray) {
        for (std::int64_t y = 0; y < n; ++y) {
          for (std::int64_t x = 0; x < n; ++x) to[ray + x + row * y] = share * from[element];
        }
      });
    });
    const ConeProjector projector(subset(fine_, views), grid_);
    if (is_first) {
      projector.adjoint(single.data(), volume);
    } else {
      part.resize(static_cast<std::size_t>(grid_.voxels()));
      projector.adjoint(single.data(), part.data());
      for (std::size_t m = 0; m < part.size(); ++m) volume[m] += part[m];
    }
    is_first = false;
  });
}

}  // namespace gdm::ct
