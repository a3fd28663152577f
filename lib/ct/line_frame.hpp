// A grid as the fast projectors see it: of use inside ct/ alone. Where the detector's rows run along an axis c of the
// grid, all rays of a detector column cross the same voxels of the plane (a, b), so weights are computed once for a
// column and the work goes along lines of c.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "ct/geometry.hpp"

namespace gdm::ct {

/// Continuous index of a world position, for the axes of a grid in any order and c in either direction.
class LineFrame {
 public:
  /// Axes a and b in the order of storage; rows of the detector count along +c.
  LineFrame(const Grid& grid, std::size_t axis_c, bool flipped);

  const Index3& shape() const { return shape_; }  ///< (a, b, c)
  const Point3& spacing_mm() const { return spacing_mm_; }
  Point3 index_of(const Point3& world_mm) const;
  Point3 world_of(const Point3& index) const;
  /// Of a direction.
  Point3 turned(const Point3& world_mm) const;
  /// Element of the volume's memory.
  std::int64_t offset(std::int64_t a, std::int64_t b, std::int64_t c) const {
    return start_ + a * stride_[0] + b * stride_[1] + c * stride_[2];
  }

 private:
  Index3 shape_{}, stride_{};
  Point3 spacing_mm_{};
  std::array<Point3, 3> rows_{};  ///< index = rows * world + at_origin
  Point3 at_origin_{};
  std::array<Point3, 3> columns_{};  ///< world = index * columns + at_zero
  Point3 at_zero_{};
  std::int64_t start_ = 0;
};

/// The grid as it is stored.
LineFrame stored_frame(const Grid& grid);

/// The frame whose c is along the detector's rows in every view; none if there is no such axis.
std::optional<LineFrame> frame_along_rows(const PosedScan& scan, const Grid& grid);

/// The rays of one detector column. They take a sample on each plane p = first .. last of the axis that they cross
/// most, at x = x0 + p dx along the other in-plane axis; row v passes at c = c0 + p dc + v (row0 + p drow).
struct ColumnRays {
  bool planes_of_a = false;
  std::int64_t first = 0, last = -1;
  double x0 = 0, dx = 0;
  double c0 = 0, dc = 0, row0 = 0, drow = 0;
  double in_plane_mm = 0;             ///< between two samples, in the plane (a, b)
  double rise0_mm = 0, drise_mm = 0;  ///< and along c: rise0 + v drise

  double sample_mm(std::int64_t v) const;
  /// Most slices that a ray of the rows crosses from one plane to the next.
  double steepest(std::int64_t rows, double spacing_c_mm) const;
};
ColumnRays column_rays(const PosedScan& scan, const LineFrame& frame, std::int64_t view, std::int64_t u);

}  // namespace gdm::ct
