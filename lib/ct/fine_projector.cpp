#include "ct/fine_projector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "ct/line_frame.hpp"
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
void for_each_element(const Geometry& coarse, const ElementRays& rays, Body&& body) {
  const std::int64_t row = coarse.detector_columns * rays.columns;
  for (std::int64_t v = 0; v < coarse.detector_rows; ++v) {
    for (std::int64_t u = 0; u < coarse.detector_columns; ++u) {
      body(u + coarse.detector_columns * v, u * rays.columns + row * v * rays.rows);
    }
  }
}

}  // namespace

ElementRays element_rays(const Geometry& geometry, const Grid& grid, std::int64_t rays) {
  if (rays < 1) throw Error(fmt::format("{} rays across each detector element: expected 1 or more", rays));
  const bool in_planes =
      geometry.kind == ScanKind::parallel || geometry.kind == ScanKind::fan || geometry.detector_rows == 1;
  if (!in_planes || !grid.is_orthogonal()) return {rays, rays};
  const PosedScan scan(geometry, centre_of(grid));
  const std::optional<LineFrame> frame = frame_along_rows(scan, grid);
  constexpr double rounded = 1.001;
  const bool in_slices =
      frame && (frame->shape()[2] == 1 || figures_of(scan).voxel_along_mm <= rounded * frame->spacing_mm()[2]);
  return {rays, in_slices ? 1 : rays};
}

Geometry scan_of_rays(const Geometry& geometry, const ElementRays& rays) {
  const double of_column = 1.0 / static_cast<double>(rays.columns), of_row = 1.0 / static_cast<double>(rays.rows);
  Geometry fine = geometry;
  fine.detector_columns *= rays.columns;
  fine.detector_rows *= rays.rows;
  fine.column_spacing_mm *= of_column;
  fine.row_spacing_mm *= of_row;
  for (Pose& pose : fine.poses) {  // from an element's centre to its first ray
    pose.detector_mm =
        sum(sum(pose.detector_mm, pose.u_mm, -0.5 * (1.0 - of_column)), pose.v_mm, -0.5 * (1.0 - of_row));
    pose.u_mm = scaled(pose.u_mm, of_column);
    pose.v_mm = scaled(pose.v_mm, of_row);
  }
  return fine;
}

FineProjector::FineProjector(const Geometry& geometry, const Grid& grid, std::int64_t rays_per_edge)
    : grid_(grid),
      coarse_(settled(geometry, grid)),
      rays_(element_rays(coarse_, grid, rays_per_edge)),
      fine_(scan_of_rays(coarse_, rays_)) {
  ConeProjector(subset(fine_, {0}), grid);  // for its refusals
  check(fine_);
}

void FineProjector::forward_views(std::int64_t first, std::int64_t step, const float* volume, float* rays) const {
  const std::int64_t row = coarse_.detector_columns * rays_.columns;
  const float share = 1.0F / static_cast<float>(rays_.count());
  for_each_block(views_from(first, step, view_count()), views_at_once(fine_), [&](const auto& views) {
    Voxels<float> single(views.size() * static_cast<std::size_t>(fine_.rays_per_view()));
    ConeProjector(subset(fine_, views), grid_).forward(volume, single.data());
    parallel_for(static_cast<std::int64_t>(views.size()), [&](std::int64_t at) {
      const float* from = single.data() + at * fine_.rays_per_view();
      float* to = rays + views[static_cast<std::size_t>(at)] * coarse_.rays_per_view();
      for_each_element(coarse_, rays_, [&](std::int64_t element, std::int64_t ray) {
        float sum = 0;
        for (std::int64_t y = 0; y < rays_.rows; ++y) {
          for (std::int64_t x = 0; x < rays_.columns; ++x) sum += from[ray + x + row * y];
        }
        to[element] = share * sum;
      });
    });
  });
}

void FineProjector::adjoint_views(std::int64_t first, std::int64_t step, const float* rays, float* volume) const {
  const std::int64_t row = coarse_.detector_columns * rays_.columns;
  const float share = 1.0F / static_cast<float>(rays_.count());
  Voxels<float> part;
  bool is_first = true;
  const std::vector<std::int64_t> chosen = views_from(first, step, view_count());
  if (chosen.empty()) std::fill(volume, volume + grid_.voxels(), 0.0F);
  for_each_block(chosen, views_at_once(fine_), [&](const auto& views) {
    Voxels<float> single(views.size() * static_cast<std::size_t>(fine_.rays_per_view()));
    parallel_for(static_cast<std::int64_t>(views.size()), [&](std::int64_t at) {
      float* to = single.data() + at * fine_.rays_per_view();
      const float* from = rays + views[static_cast<std::size_t>(at)] * coarse_.rays_per_view();
      for_each_element(coarse_, rays_, [&](std::int64_t element, std::int64_t ray) {
        for (std::int64_t y = 0; y < rays_.rows; ++y) {
          for (std::int64_t x = 0; x < rays_.columns; ++x) to[ray + x + row * y] = share * from[element];
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
