// Filtered views, and where the points of a volume are seen in them: of use inside ct/ alone.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include "ct/fdk_weights.hpp"
#include "ct/line_frame.hpp"
#include "ct/parallel.hpp"
#include "ct/sixteen.hpp"

namespace gdm::ct {

/// Views as back-projection reads them: the rows of a column side by side, with zeros around all columns and rows.
struct FilteredViews {
  static constexpr std::int64_t margin = sixteen;  ///< of rows, before and after
  std::int64_t columns, rows, stride, first = 0, count = 0;
  CacheLines values;

  FilteredViews(const Geometry& geometry, std::int64_t views);
  /// Rows of column u = -1 .. columns of view `first` + n.
  float* column(std::int64_t n, std::int64_t u) {
    return values.data() + (n * (columns + 2) + u + 1) * stride + margin;
  }
  const float* column(std::int64_t n, std::int64_t u) const {
    return values.data() + (n * (columns + 2) + u + 1) * stride + margin;
  }
};

/// The scan with the columns that its detector lacks, and without the tilt of a circular scan's detector.
PosedScan upright(const PosedScan& scan, const RayShares::Lacking& lacking);

/// Weights the rays of views first .. first + count - 1 and convolves them along the columns with the ramp. `scan` is
/// the widened one, and `rays` holds what is measured.
void filter_views(const PosedScan& scan, const Geometry& measured, const RayShares& shares, const float* rays,
                  const RampFilter& filter, std::int64_t first, std::int64_t count, FilteredViews& views);

/// Where a view sees a point, in columns and rows, and the weight of what it sees there.
struct Sight {
  double u, v, weight;
};

/// Sets voxels that not every view sees to `value`. Views are passed in steps that leave a hundred or more of them.
void fill_outside(const PosedScan& scan, const LineFrame& frame, float value, Volume& volume);

/// Along a helix some views alone see a voxel: what they added up is brought to one turn, by the arcs that they stand
/// for, though never by less than half a turn's. Voxels that less than half a turn sees become `outside`, if given.
void divide_by_seen(const PosedScan& scan, const LineFrame& frame, const std::vector<double>& arcs_rad,
                    std::optional<float> outside, Volume& volume);

/// A number that is linear in the index of a frame.
struct Linear {
  double at_zero, per_a, per_b, per_c;
  double at(double a, double b, double c) const { return at_zero + a * per_a + b * per_b + c * per_c; }
};

/// Of one view.
class ViewMap {
 public:
  ViewMap(const PosedScan& scan, const LineFrame& frame, std::int64_t view);
  Sight sight(double a, double b, double c) const;
  /// Rows from one c to the next, where c runs along the detector's rows and the point at (a, b, 0) is seen so.
  double rows_per_c(double a, double b) const;
  /// Whether rays are more along b than along a.
  bool looks_along_b() const { return std::abs(across_.per_b) < std::abs(across_.per_a); }

 private:
  bool point_source_, diverges_, curved_;
  Linear depth_{}, across_{}, up_{};  ///< depth: of the point, in parts of the detector's distance
  double u0_ = 0, v0_ = 0, weight_ = 1, columns_per_rad_ = 0;
};

// Of every line and view: inline.
inline Sight ViewMap::sight(double a, double b, double c) const {
  const double depth = depth_.at(a, b, c), across = across_.at(a, b, c), up = up_.at(a, b, c);
  if (curved_) {
    return {u0_ + std::atan2(across, depth) * columns_per_rad_, v0_ + up, 1.0 / (across * across + depth * depth)};
  }
  if (!diverges_) return {u0_ + across, v0_ + up, 1.0};
  if (!(depth > 0)) return {-10.0, -10.0, 0.0};  // behind the source
  const double scale = 1.0 / depth;
  return {u0_ + across * scale, v0_ + up * (point_source_ ? scale : 1.0), weight_ * scale * scale};
}

inline double ViewMap::rows_per_c(double a, double b) const {
  return point_source_ ? up_.per_c / depth_.at(a, b, 0) : up_.per_c;
}

}  // namespace gdm::ct
