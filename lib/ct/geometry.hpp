// Where source and detector of a scan stand, view by view, for beams that are parallel, fans or cones.
//
// Frame. Positions are in the world frame of the volume's NIfTI file (RAS+ millimetres), so a volume that is stored
// flipped or lies obliquely is scanned as it lies in the patient. The axis of rotation is head-foot (world z) through
// the isocentre, which is the centre of the volume unless the geometry says otherwise.
//
// Angles follow IEC 61217 for a patient on the back, head first. At angle 0 the source stands anterior of the
// isocentre; growing angles turn it towards the patient's left (90 degrees: the source at the left). Columns of the
// detector, u, count in the direction in which the source moves (towards the left at angle 0) and rows, v, count
// towards the head. A parallel beam's detector position is then the x cos t + y sin t of ct/parallel.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "image/volume.hpp"

namespace gdm::ct {

/// parallel: rays perpendicular to the detector, in planes across the axis. fan: each row of the detector has a source
/// in its own plane across the axis, so a scan is a stack of plane fans. cone: one source for all rows. poses: a cone
/// whose views stand anywhere.
enum class ScanKind { parallel, fan, cone, poses };
const std::vector<std::string>& scan_kind_names();

/// One view; all in mm in the world frame.
struct Pose {
  Point3 source_mm{};    ///< of a parallel beam it tells the side alone from which the rays come
  Point3 detector_mm{};  ///< centre of element (0, 0)
  Point3 u_mm{};         ///< from one column to the next
  Point3 v_mm{};         ///< from one row to the next
};

/// From the source to the centre of a detector element.
struct Ray {
  Point3 source_mm, element_mm;
};

/// Signed distance across the axis between the axis and a ray; positive where the ray passes on the side towards which
/// columns count.
double distance_from_axis_mm(const Ray& ray, const Point3& isocenter_mm);

/// A scan as its file tells it. Numbers that a kind does not have are 0.
struct Geometry {
  ScanKind kind = ScanKind::parallel;
  double source_to_isocenter_mm = 0;  ///< fan and cone
  double source_to_detector_mm = 0;   ///< fan and cone: along the central ray, which meets the axis at a right angle
  bool curved_detector = false;       ///< fan: the elements lie on a circle around the source, at equal angles
  std::int64_t detector_columns = 0, detector_rows = 0;
  double column_spacing_mm = 0, row_spacing_mm = 0;  ///< along the arc where the detector is curved
  double column_offset_mm = 0, row_offset_mm = 0;    ///< of the detector's centre from the central ray, along u and v
  double detector_tilt_deg = 0;                      ///< turn of the detector about the central ray, from u towards v
  std::vector<double> angles_deg;                    ///< of each view; all kinds but poses
  std::vector<Pose> poses;                           ///< poses alone
  std::optional<Point3> isocenter_mm;

  std::int64_t view_count() const;
  std::int64_t rays_per_view() const { return detector_columns * detector_rows; }
};

/// Throws Error for sizes, distances, angles or poses that no scan can have: the reason in one line.
void check(const Geometry& geometry);

/// The views `indices` in this order. Throws Error if one does not exist.
Geometry subset(const Geometry& geometry, const std::vector<std::int64_t>& indices);

/// World position of a grid's centre.
Point3 centre_of(const Grid& grid);

/// A geometry with its isocentre settled, as projectors use it: poses for every kind.
class PosedScan {
 public:
  /// The isocentre is the geometry's own or else `centre_mm`. Throws Error as check().
  PosedScan(const Geometry& geometry, const Point3& centre_mm);

  const Geometry& geometry() const { return geometry_; }
  const Point3& isocenter_mm() const { return isocenter_mm_; }
  const Pose& pose(std::int64_t view) const { return poses_[static_cast<std::size_t>(view)]; }
  std::int64_t view_count() const { return static_cast<std::int64_t>(poses_.size()); }
  /// Of any position on the detector, in columns and rows. Source and element are linear in v.
  Ray ray(std::int64_t view, double u, double v) const;
  /// All rays of an element lie side by side: the source may be taken as a point.
  bool has_point_source() const { return geometry_.kind == ScanKind::cone || geometry_.kind == ScanKind::poses; }

 private:
  Geometry geometry_;
  Point3 isocenter_mm_;
  std::vector<Pose> poses_;
};

/// What the views span, each counting for a step: 360 of a full turn, 180 of parallel views over half a turn. Of poses
/// by where their sources stand around the axis.
double angular_range_deg(const PosedScan& scan);
/// Whether views are left out within that range: a step is more than twice the median.
bool has_view_gap(const PosedScan& scan);

/// What follows from a geometry, for people.
struct ScanFigures {
  double magnification = 1;            ///< of an object at the isocentre, mean over the views
  double field_of_view_radius_mm = 0;  ///< of the circle across the axis whose points every view sees
  double extended_radius_mm = 0;       ///< of the one that an offset detector sees from one side or the other
  double field_of_view_height_mm = 0;  ///< along the axis at the isocentre
  double voxel_across_mm = 0;          ///< recommended edges: the detector's spacings, seen at the isocentre
  double voxel_along_mm = 0;
};
ScanFigures figures_of(const PosedScan& scan);

}  // namespace gdm::ct
