#include "ct/geometry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "image/vectors.hpp"
#include "sys/angle.hpp"
#include "sys/error.hpp"

namespace gdm::ct {
namespace {

/// The source of a parallel beam is drawn from this far away and its detector lies as far behind the isocentre.
constexpr double far_mm = 1e4;

bool has_distances(ScanKind kind) {
  return kind == ScanKind::fan || kind == ScanKind::cone;
}

bool is_finite(const Point3& p) {
  return std::isfinite(p[0]) && std::isfinite(p[1]) && std::isfinite(p[2]);
}

/// Angle of an element of a curved detector from the central ray.
double arc_rad(const Geometry& g, double u) {
  const double mm = (u - 0.5 * static_cast<double>(g.detector_columns - 1)) * g.column_spacing_mm + g.column_offset_mm;
  return mm / g.source_to_detector_mm;
}

/// Pose of a view at an angle; a curved detector's is that of the flat one which touches it on the central ray.
Pose circular_pose(const Geometry& g, double angle_deg, const Point3& isocenter_mm) {
  const double t = angle_deg * radians_per_degree, tilt = g.detector_tilt_deg * radians_per_degree;
  const Point3 towards_source{-std::sin(t), std::cos(t), 0.0}, across{-std::cos(t), -std::sin(t), 0.0}, up{0, 0, 1};
  const bool far = g.kind == ScanKind::parallel;
  const double before_mm = far ? far_mm : g.source_to_isocenter_mm;
  const double behind_mm = far ? far_mm : g.source_to_detector_mm - g.source_to_isocenter_mm;
  const Point3 u = sum(scaled(across, std::cos(tilt)), up, std::sin(tilt));
  const Point3 v = sum(scaled(up, std::cos(tilt)), across, -std::sin(tilt));
  Pose pose;
  pose.u_mm = scaled(u, g.column_spacing_mm);
  pose.v_mm = scaled(v, g.row_spacing_mm);
  pose.source_mm = sum(isocenter_mm, towards_source, before_mm);
  Point3 centre = sum(isocenter_mm, towards_source, -behind_mm);
  centre = sum(sum(centre, across, g.column_offset_mm), up, g.row_offset_mm);
  pose.detector_mm = sum(sum(centre, pose.u_mm, -0.5 * static_cast<double>(g.detector_columns - 1)), pose.v_mm,
                         -0.5 * static_cast<double>(g.detector_rows - 1));
  return pose;
}

void check_distances(const Geometry& g) {
  if (!(g.source_to_isocenter_mm > 0) || !(g.source_to_detector_mm >= g.source_to_isocenter_mm) ||
      !std::isfinite(g.source_to_detector_mm)) {
    throw Error(
        fmt::format("the source is {} mm from the isocentre and {} mm from the detector; expected 0 < the first "
                    "<= the second",
                    g.source_to_isocenter_mm, g.source_to_detector_mm));
  }
  if (g.curved_detector && std::abs(arc_rad(g, 0)) + std::abs(arc_rad(g, 1)) > 3.0) {
    throw Error("its curved detector reaches further than a half circle around the source");
  }
}

void check_detector(const Geometry& g) {
  constexpr std::int64_t most = 32767;
  if (g.detector_columns < 1 || g.detector_rows < 1 || g.detector_columns > most || g.detector_rows > most) {
    throw Error(fmt::format("a detector of {} columns and {} rows is not possible; expected 1 to {} of each",
                            g.detector_columns, g.detector_rows, most));
  }
  if (g.kind == ScanKind::poses) return;
  if (!(g.column_spacing_mm > 0) || !(g.row_spacing_mm > 0) || !std::isfinite(g.column_spacing_mm) ||
      !std::isfinite(g.row_spacing_mm)) {
    throw Error(fmt::format("its detector spacings are {} and {} mm; expected more than 0", g.column_spacing_mm,
                            g.row_spacing_mm));
  }
  if (!std::isfinite(g.column_offset_mm) || !std::isfinite(g.row_offset_mm) || !std::isfinite(g.detector_tilt_deg)) {
    throw Error("an offset or the tilt of its detector is not finite");
  }
  if (g.detector_tilt_deg != 0 && (g.kind == ScanKind::fan || g.kind == ScanKind::parallel)) {
    throw Error("a tilted detector needs the kind cone or poses: rows of the others are planes across the axis");
  }
}

void check_pose(const Pose& pose, std::size_t view) {
  const auto refuse = [&](const char* why) { throw Error(fmt::format("pose {}: {}", view, why)); };
  if (!is_finite(pose.source_mm) || !is_finite(pose.detector_mm) || !is_finite(pose.u_mm) || !is_finite(pose.v_mm)) {
    refuse("a number is not finite");
  }
  const Point3 normal = cross(pose.u_mm, pose.v_mm);
  if (!(length(normal) > 1e-6 * inner(pose.u_mm, pose.u_mm))) refuse("its u_mm and v_mm span no detector");
  const double distance = std::abs(inner(difference(pose.detector_mm, pose.source_mm), unit(normal)));
  if (!(distance > 1e-3)) refuse("its source lies in the plane of the detector");
}

/// As of a circle, whose source is no further from the isocentre than from the detector.
void check_isocentre(const Pose& pose, const Point3& isocenter_mm, std::size_t view) {
  const Point3 normal = unit(cross(pose.u_mm, pose.v_mm));
  const double to_detector = inner(difference(pose.detector_mm, pose.source_mm), normal);
  const double part = inner(difference(isocenter_mm, pose.source_mm), normal) / to_detector;
  if (part > 0 && part < 1 + 1e-9) return;
  throw Error(fmt::format("pose {}: isocenter_mm does not lie between the source and the plane of the detector", view));
}

}  // namespace

const std::vector<std::string>& scan_kind_names() {
  static const std::vector<std::string> names{"parallel", "fan", "cone", "poses"};
  return names;
}

std::int64_t Geometry::view_count() const {
  return static_cast<std::int64_t>(kind == ScanKind::poses ? poses.size() : angles_deg.size());
}

void check(const Geometry& geometry) {
  check_detector(geometry);
  if (has_distances(geometry.kind)) check_distances(geometry);
  if (geometry.curved_detector && geometry.kind != ScanKind::fan) {
    throw Error("a curved detector needs the kind fan");
  }
  if (geometry.view_count() < 1) throw Error("it has no view");
  for (std::size_t n = 0; n < geometry.angles_deg.size(); ++n) {
    if (!std::isfinite(geometry.angles_deg[n])) throw Error(fmt::format("the angle of view {} is not finite", n));
  }
  for (std::size_t n = 0; n < geometry.poses.size(); ++n) check_pose(geometry.poses[n], n);
  if (geometry.isocenter_mm && !is_finite(*geometry.isocenter_mm)) throw Error("its isocentre is not finite");
}

Geometry subset(const Geometry& geometry, const std::vector<std::int64_t>& indices) {
  Geometry part = geometry;
  part.angles_deg.clear();
  part.poses.clear();
  for (const std::int64_t index : indices) {
    if (index < 0 || index >= geometry.view_count()) {
      throw Error(fmt::format("there is no view {}: it has {}, counted from 0", index, geometry.view_count()));
    }
    const auto n = static_cast<std::size_t>(index);
    if (geometry.kind == ScanKind::poses) {
      part.poses.push_back(geometry.poses[n]);
    } else {
      part.angles_deg.push_back(geometry.angles_deg[n]);
    }
  }
  return part;
}

Point3 centre_of(const Grid& grid) {
  const auto middle = [&](std::size_t axis) { return 0.5 * static_cast<double>(grid.shape_ijk[axis] - 1); };
  return grid.ras_of_index({middle(0), middle(1), middle(2)});
}

PosedScan::PosedScan(const Geometry& geometry, const Point3& centre_mm)
    : geometry_(geometry), isocenter_mm_(geometry.isocenter_mm.value_or(centre_mm)), poses_(geometry.poses) {
  check(geometry);
  for (const double angle_deg : geometry.angles_deg) {
    poses_.push_back(circular_pose(geometry, angle_deg, isocenter_mm_));
  }
  if (!geometry.isocenter_mm) return;
  for (std::size_t n = 0; n < geometry.poses.size(); ++n) check_isocentre(geometry.poses[n], isocenter_mm_, n);
}

Ray PosedScan::ray(std::int64_t view, double u, double v) const {
  const Pose& p = pose(view);
  Ray ray{p.source_mm, sum(sum(p.detector_mm, p.u_mm, u), p.v_mm, v)};
  if (has_point_source()) return ray;
  if (geometry_.kind == ScanKind::parallel) {
    const double t = geometry_.angles_deg[static_cast<std::size_t>(view)] * radians_per_degree;
    ray.source_mm = sum(ray.element_mm, {-std::sin(t), std::cos(t), 0.0}, 2 * far_mm);
    return ray;
  }
  const double row_mm =
      (v - 0.5 * static_cast<double>(geometry_.detector_rows - 1)) * geometry_.row_spacing_mm + geometry_.row_offset_mm;
  ray.source_mm[2] = p.source_mm[2] + row_mm;
  if (geometry_.curved_detector) {
    const double t = geometry_.angles_deg[static_cast<std::size_t>(view)] * radians_per_degree,
                 arc = arc_rad(geometry_, u);
    const Point3 direction{std::sin(t - arc), -std::cos(t - arc), 0.0};
    ray.element_mm = sum(ray.source_mm, direction, geometry_.source_to_detector_mm);
  }
  return ray;
}

}  // namespace gdm::ct
