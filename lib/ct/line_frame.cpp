#include "ct/line_frame.hpp"

#include <algorithm>
#include <cmath>

#include "image/vectors.hpp"

namespace gdm::ct {
namespace {

/// Narrows first .. last to the whole p with low < at0 + p step < high.
void narrow(double at0, double step, double low, double high, ColumnRays& rays) {
  const auto inside = [&](std::int64_t p) {
    const double at = at0 + static_cast<double>(p) * step;
    return at > low && at < high;
  };
  if (step != 0) {
    const double a = (low - at0) / step, b = (high - at0) / step;
    const auto bounded = [&](double p) {
      return std::min(std::max(p, static_cast<double>(rays.first) - 1), static_cast<double>(rays.last) + 1);
    };
    rays.first = std::max(rays.first, static_cast<std::int64_t>(std::floor(bounded(std::min(a, b)))));
    rays.last = std::min(rays.last, static_cast<std::int64_t>(std::ceil(bounded(std::max(a, b)))));
  }
  while (rays.first <= rays.last && !inside(rays.first)) ++rays.first;
  while (rays.first <= rays.last && !inside(rays.last)) --rays.last;
}

}  // namespace

LineFrame::LineFrame(const Grid& grid, std::size_t axis_c, bool flipped) {
  const std::array<std::size_t, 3> axes{axis_c == 0 ? std::size_t{1} : 0, axis_c == 2 ? std::size_t{1} : 2, axis_c};
  const Index3 strides{1, grid.shape_ijk[0], grid.shape_ijk[0] * grid.shape_ijk[1]};
  const Point3 origin = grid.index_of_ras({0, 0, 0});
  std::array<Point3, 3> columns{};
  for (std::size_t r = 0; r < 3; ++r) {
    Point3 world{};
    world[r] = 1;
    columns[r] = difference(grid.index_of_ras(world), origin);
  }
  for (std::size_t n = 0; n < 3; ++n) {
    const std::size_t axis = axes[n];
    shape_[n] = grid.shape_ijk[axis];
    stride_[n] = strides[axis];
    spacing_mm_[n] = grid.spacing_mm()[axis];
    rows_[n] = {columns[0][axis], columns[1][axis], columns[2][axis]};
    at_origin_[n] = origin[axis];
    for (std::size_t r = 0; r < 3; ++r) columns_[n][r] = grid.ijk_to_ras_mm[r][axis];
  }
  at_zero_ = grid.ras_of_index({0, 0, 0});
  if (!flipped) return;
  at_zero_ = sum(at_zero_, columns_[2], static_cast<double>(shape_[2] - 1));
  columns_[2] = scaled(columns_[2], -1);
  rows_[2] = scaled(rows_[2], -1);
  at_origin_[2] = static_cast<double>(shape_[2] - 1) - at_origin_[2];
  start_ = (shape_[2] - 1) * stride_[2];
  stride_[2] = -stride_[2];
}

Point3 LineFrame::index_of(const Point3& world_mm) const {
  return sum(turned(world_mm), at_origin_);
}

Point3 LineFrame::world_of(const Point3& index) const {
  return sum(sum(sum(at_zero_, columns_[0], index[0]), columns_[1], index[1]), columns_[2], index[2]);
}

Point3 LineFrame::turned(const Point3& world_mm) const {
  return {inner(rows_[0], world_mm), inner(rows_[1], world_mm), inner(rows_[2], world_mm)};
}

LineFrame stored_frame(const Grid& grid) {
  return LineFrame(grid, 2, false);
}

std::optional<LineFrame> frame_along_rows(const PosedScan& scan, const Grid& grid) {
  const double rows = static_cast<double>(scan.geometry().detector_rows);
  constexpr double tolerated_voxels = 1e-3;  // between the ends of a detector column; affines are stored as float32
  for (std::size_t axis = 0; axis < 3; ++axis) {
    for (const bool flipped : {false, true}) {
      const LineFrame frame(grid, axis, flipped);
      bool fits = true;
      for (std::int64_t view = 0; view < scan.view_count() && fits; ++view) {
        const Point3 v = frame.turned(scan.pose(view).v_mm);
        fits = v[2] > 0 && rows * std::max(std::abs(v[0]), std::abs(v[1])) < tolerated_voxels;
      }
      if (fits) return frame;
    }
  }
  return {};
}

double ColumnRays::sample_mm(std::int64_t v) const {
  const double rise_mm = rise0_mm + static_cast<double>(v) * drise_mm;
  return std::sqrt(in_plane_mm * in_plane_mm + rise_mm * rise_mm);
}

double ColumnRays::steepest(std::int64_t rows, double spacing_c_mm) const {
  const double last = rise0_mm + static_cast<double>(rows - 1) * drise_mm;
  return std::max(std::abs(rise0_mm), std::abs(last)) / spacing_c_mm;
}

ColumnRays column_rays(const PosedScan& scan, const LineFrame& frame, std::int64_t view, std::int64_t u) {
  const Ray ray = scan.ray(view, static_cast<double>(u), 0), next = scan.ray(view, static_cast<double>(u), 1);
  const Point3 source = frame.index_of(ray.source_mm);
  const Point3 along = difference(frame.index_of(ray.element_mm), source);
  const double source_row = frame.index_of(next.source_mm)[2] - source[2];
  const double element_row = frame.index_of(next.element_mm)[2] - source[2] - along[2];
  ColumnRays rays;
  rays.planes_of_a = std::abs(along[0]) > std::abs(along[1]);
  const std::size_t major = rays.planes_of_a ? 0 : 1, minor = 1 - major;
  // The part t of the way from source to element is linear in the plane's number: t = t0 + p dt.
  const double dt = 1.0 / along[major], t0 = -source[major] * dt;
  rays.x0 = source[minor] + t0 * along[minor];
  rays.dx = dt * along[minor];
  rays.c0 = source[2] + t0 * along[2];
  rays.dc = dt * along[2];
  rays.row0 = source_row + t0 * (element_row - source_row);
  rays.drow = dt * (element_row - source_row);
  rays.in_plane_mm = std::hypot(frame.spacing_mm()[major], rays.dx * frame.spacing_mm()[minor]);
  rays.rise0_mm = rays.dc * frame.spacing_mm()[2];
  rays.drise_mm = rays.drow * frame.spacing_mm()[2];
  rays.first = 0;
  rays.last = frame.shape()[major] - 1;
  narrow(rays.x0, rays.dx, -1.0, static_cast<double>(frame.shape()[minor]), rays);
  narrow(t0, dt, 0.0, 1.0, rays);
  return rays;
}

}  // namespace gdm::ct
