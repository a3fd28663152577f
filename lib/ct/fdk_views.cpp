#include "ct/fdk_views.hpp"

#include <algorithm>
#include <cmath>

#include "ct/sixteen.hpp"
#include "image/vectors.hpp"
#include "sys/angle.hpp"
#include "sys/parallel.hpp"

namespace gdm::ct {
namespace {

/// Plane of a view's detector: unit normal away from the source, distances along it, and what counts columns and rows.
struct Panel {
  Point3 normal, per_column, per_row;
  double detector_mm, isocenter_mm;  ///< from the source

  Panel(const PosedScan& scan, std::int64_t view) {
    const Pose& pose = scan.pose(view);
    const Point3 across = cross(pose.u_mm, pose.v_mm);
    per_column = scaled(cross(pose.v_mm, across), 1.0 / inner(across, across));
    per_row = scaled(cross(across, pose.u_mm), 1.0 / inner(across, across));
    normal = unit(across);
    if (inner(difference(pose.detector_mm, pose.source_mm), normal) < 0) normal = scaled(normal, -1);
    detector_mm = inner(difference(pose.detector_mm, pose.source_mm), normal);
    isocenter_mm = inner(difference(scan.isocenter_mm(), pose.source_mm), normal);
  }
};

/// Spacing of columns as the filter sees it: at the isocentre, or in rad.
double filter_spacing(const PosedScan& scan, std::int64_t view) {
  const Geometry& g = scan.geometry();
  if (g.kind == ScanKind::parallel) return g.column_spacing_mm;
  if (g.curved_detector) return g.column_spacing_mm / g.source_to_detector_mm;
  const Panel panel(scan, view);
  return length(scan.pose(view).u_mm) * panel.isocenter_mm / panel.detector_mm;
}

/// Lags -(columns - 1) .. columns + 6 of the ramp times the spacing; the last ones for a block of columns that goes
/// past the end.
std::vector<float> filter_taps(const PosedScan& scan, std::int64_t view, const RampFilter& filter) {
  const std::int64_t columns = scan.geometry().detector_columns;
  const double spacing = filter_spacing(scan, view);
  const std::vector<float> kernel = ramp_kernel(columns + 7, spacing, filter);
  std::vector<float> taps;
  for (std::int64_t lag = 1 - columns; lag < columns + 7; ++lag) {
    double tap = static_cast<double>(kernel[static_cast<std::size_t>(std::abs(lag))]) * spacing;
    if (scan.geometry().curved_detector && lag != 0) {  // Kak & Slaney section 3.4.1: (angle / sin angle)^2
      const double angle = static_cast<double>(lag) * spacing;
      tap *= std::pow(angle / std::sin(angle), 2);
    }
    taps.push_back(static_cast<float>(tap));
  }
  return taps;
}

/// Cosine of a ray to the central one, times what the kind of scan asks for beside it.
double ray_weight(const PosedScan& scan, const Panel& panel, std::int64_t view, std::int64_t u, std::int64_t v) {
  const Geometry& g = scan.geometry();
  if (g.kind == ScanKind::parallel) return 1.0;
  const Ray ray = scan.ray(view, static_cast<double>(u), static_cast<double>(v));
  const Point3 along = difference(ray.element_mm, ray.source_mm);
  const double cosine = inner(along, panel.normal) / length(along);
  return g.curved_detector ? cosine * g.source_to_isocenter_mm : cosine;
}

/// The same of all columns of a row. Elements of a flat detector lie equally far along its normal, and the square of a
/// ray's length is a polynomial of the column.
void weigh_row(const PosedScan& scan, const Panel& panel, std::int64_t view, std::int64_t v,
               std::vector<float>& weights) {
  const Geometry& g = scan.geometry();
  if (g.kind == ScanKind::parallel || g.curved_detector) {
    for (std::size_t u = 0; u < weights.size(); ++u) {
      weights[u] = static_cast<float>(ray_weight(scan, panel, view, static_cast<std::int64_t>(u), v));
    }
    return;
  }
  const Ray ray = scan.ray(view, 0, static_cast<double>(v));
  const Point3 first = difference(ray.element_mm, ray.source_mm), &step = scan.pose(view).u_mm;
  const double square = inner(first, first), mixed = 2 * inner(first, step), step_square = inner(step, step);
  for (std::size_t u = 0; u < weights.size(); ++u) {
    const auto column = static_cast<double>(u);
    weights[u] = static_cast<float>(panel.detector_mm / std::sqrt(square + column * (mixed + column * step_square)));
  }
}

/// One view as an upright detector would read it.
class Readings {
 public:
  Readings(const Geometry& geometry, const float* rays)
      : columns_(geometry.detector_columns),
        rows_(geometry.detector_rows),
        shape_(geometry.detector_tilt_deg == 0 ? 1.0 : geometry.column_spacing_mm / geometry.row_spacing_mm),
        cosine_(std::cos(geometry.detector_tilt_deg * radians_per_degree)),
        sine_(std::sin(geometry.detector_tilt_deg * radians_per_degree)),
        rays_(rays) {}

  float at(std::int64_t u, std::int64_t v) const {
    if (sine_ == 0) return rays_[v * columns_ + u];
    const double p = static_cast<double>(u) - 0.5 * static_cast<double>(columns_ - 1);
    const double q = static_cast<double>(v) - 0.5 * static_cast<double>(rows_ - 1);
    return interpolated(p * cosine_ + q * sine_ / shape_ + 0.5 * static_cast<double>(columns_ - 1),
                        q * cosine_ - p * sine_ * shape_ + 0.5 * static_cast<double>(rows_ - 1));
  }

 private:
  /// Zero off the detector.
  float interpolated(double u, double v) const {
    const double column = std::floor(u), row = std::floor(v);
    const auto f = static_cast<float>(u - column), g = static_cast<float>(v - row);
    const auto read = [&](std::int64_t n, std::int64_t m) {
      return n >= 0 && n < columns_ && m >= 0 && m < rows_ ? rays_[m * columns_ + n] : 0.0F;
    };
    const auto n = static_cast<std::int64_t>(column), m = static_cast<std::int64_t>(row);
    const float low = read(n, m) + f * (read(n + 1, m) - read(n, m));
    const float high = read(n, m + 1) + f * (read(n + 1, m + 1) - read(n, m + 1));
    return low + g * (high - low);
  }

  std::int64_t columns_, rows_;
  double shape_, cosine_, sine_;
  const float* rays_;
};

/// Weighted readings of a view: the rows of a column side by side, an odd number of cache lines apart, or the lines
/// that a filtered column takes would push one another out of the cache.
struct Weighted {
  std::int64_t columns, stride;
  std::vector<float> values;

  Weighted(std::int64_t n, std::int64_t rows)
      : columns(n), stride(((rows + sixteen - 1) / sixteen | 1) * sixteen), values(n * stride) {}
};

/// Filtered columns u0 .. u0 + together - 1 of the rows from v on that `count` vectors hold.
template <class Vector, int together, int count>
GDM_INLINE void filter_tile(const Weighted& weighted, const float* taps, std::int64_t u0, std::int64_t v,
                            FilteredViews& views, std::int64_t n) {
  constexpr std::int64_t width = sizeof(Vector) / sizeof(float);
  Vector sums[together][count] = {};
  const float* at_lag = taps + weighted.columns - 1 + u0;
  for (std::int64_t e = 0; e < weighted.columns; ++e) {
    for (int m = 0; m < count; ++m) {
      Vector reading;
      load(weighted.values.data() + e * weighted.stride + v + m * width, reading);
      for (int u = 0; u < together; ++u) sums[u][m] += at_lag[u - e] * reading;
    }
  }
  for (std::int64_t u = u0; u < std::min(u0 + together, weighted.columns); ++u) {
    float values[count * width];
    for (int m = 0; m < count; ++m) store(sums[u - u0][m], values + m * width);
    std::copy_n(values, std::min<std::int64_t>(count * width, views.rows - v), views.column(n, u) + v);
  }
}

GDM_CLONES void filter_columns(const Weighted& weighted, const float* taps, std::int64_t n, FilteredViews& views) {
  for (std::int64_t v = 0; v < views.rows; v += 2 * eight) {
    for (std::int64_t u = 0; u < views.columns; u += 4) filter_tile<Eight, 4, 2>(weighted, taps, u, v, views, n);
  }
}

GDM_WIDE void filter_columns_wide(const Weighted& weighted, const float* taps, std::int64_t n, FilteredViews& views) {
  for (std::int64_t v = 0; v < views.rows; v += sixteen) {
    for (std::int64_t u = 0; u < views.columns; u += 8) filter_tile<Sixteen, 8, 1>(weighted, taps, u, v, views, n);
  }
}

void filter_view(const PosedScan& scan, const Geometry& measured, const RayShares& shares, const float* rays,
                 const RampFilter& filter, std::int64_t n, FilteredViews& views) {
  const std::int64_t view = views.first + n;
  const std::vector<double> share = shares.of_view(scan, view);
  const Panel panel(scan, view);
  Weighted weighted(views.columns, views.rows);
  const std::int64_t before = shares.lacking().before;
  const Readings readings(measured, rays + view * measured.rays_per_view());
  std::vector<float> weights(static_cast<std::size_t>(views.columns));
  for (std::int64_t v = 0; v < views.rows; ++v) {
    weigh_row(scan, panel, view, v, weights);
    for (std::int64_t u = before; u < before + measured.detector_columns; ++u) {
      const double weight =
          share[static_cast<std::size_t>(u)] * static_cast<double>(weights[static_cast<std::size_t>(u)]);
      weighted.values[static_cast<std::size_t>(u * weighted.stride + v)] =
          static_cast<float>(weight) * readings.at(u - before, v);
    }
  }
  const std::vector<float> taps = filter_taps(scan, view, filter);
  (wide_vectors() ? filter_columns_wide : filter_columns)(weighted, taps.data(), n, views);
}

Linear linear_of(const LineFrame& frame, const Point3& direction, const Point3& origin_mm) {
  const Point3 zero = frame.world_of({0, 0, 0});
  const auto along = [&](const Point3& index) { return inner(difference(frame.world_of(index), zero), direction); };
  return {inner(difference(zero, origin_mm), direction), along({1, 0, 0}), along({0, 1, 0}), along({0, 0, 1})};
}

}  // namespace

FilteredViews::FilteredViews(const Geometry& geometry, std::int64_t views)
    : columns(geometry.detector_columns),
      rows(geometry.detector_rows),
      stride(whole_lines(rows) + 2 * margin),
      values(views * (columns + 2) * stride) {}

PosedScan upright(const PosedScan& scan, const RayShares::Lacking& lacking) {
  Geometry wide = scan.geometry();
  wide.detector_tilt_deg = 0;
  wide.detector_columns += lacking.before + lacking.after;
  wide.column_offset_mm += 0.5 * static_cast<double>(lacking.after - lacking.before) * wide.column_spacing_mm;
  for (Pose& pose : wide.poses) {
    pose.detector_mm = sum(pose.detector_mm, pose.u_mm, -static_cast<double>(lacking.before));
  }
  return PosedScan(wide, scan.isocenter_mm());
}

void filter_views(const PosedScan& scan, const Geometry& measured, const RayShares& shares, const float* rays,
                  const RampFilter& filter, std::int64_t first, std::int64_t count, FilteredViews& views) {
  views.first = first;
  views.count = count;
  parallel_for(count, [&](std::int64_t n) { filter_view(scan, measured, shares, rays, filter, n, views); });
}

ViewMap::ViewMap(const PosedScan& scan, const LineFrame& frame, std::int64_t view)
    : point_source_(scan.has_point_source()),
      diverges_(scan.geometry().kind != ScanKind::parallel),
      curved_(scan.geometry().curved_detector) {
  const Pose& pose = scan.pose(view);
  const Panel panel(scan, view);
  const Point3 from_element = difference(pose.source_mm, pose.detector_mm);
  u0_ = diverges_ ? inner(from_element, panel.per_column) : 0.0;
  v0_ = point_source_ ? inner(from_element, panel.per_row) : 0.0;
  across_ = linear_of(frame, panel.per_column, diverges_ ? pose.source_mm : pose.detector_mm);
  up_ = linear_of(frame, panel.per_row, point_source_ ? pose.source_mm : pose.detector_mm);
  depth_ = linear_of(frame, scaled(panel.normal, 1.0 / panel.detector_mm), pose.source_mm);
  weight_ = diverges_ ? std::pow(panel.isocenter_mm / panel.detector_mm, 2) : 1.0;
  if (!curved_) return;
  const Geometry& g = scan.geometry();
  across_ = linear_of(frame, unit(pose.u_mm), pose.source_mm);
  depth_ = linear_of(frame, panel.normal, pose.source_mm);
  columns_per_rad_ = g.source_to_detector_mm / g.column_spacing_mm;
  u0_ = 0.5 * static_cast<double>(g.detector_columns - 1) - g.column_offset_mm / g.column_spacing_mm;
}

}  // namespace gdm::ct
