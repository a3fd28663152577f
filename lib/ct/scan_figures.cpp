// What follows from a geometry for people: how large the object may be and how finely it is seen.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ct/geometry.hpp"
#include "image/vectors.hpp"

namespace gdm::ct {
namespace {

/// World z where a ray passes the axis.
double height_at_axis_mm(const Ray& ray, const Point3& isocenter_mm) {
  const Point3 along = difference(ray.element_mm, ray.source_mm), to = difference(isocenter_mm, ray.source_mm);
  const double t = (along[0] * to[0] + along[1] * to[1]) / (along[0] * along[0] + along[1] * along[1]);
  return ray.source_mm[2] + t * along[2];
}

double magnification(const PosedScan& scan, std::int64_t view) {
  if (scan.geometry().kind == ScanKind::parallel) return 1.0;
  const Pose& pose = scan.pose(view);
  const Point3 normal = unit(cross(pose.u_mm, pose.v_mm));
  return inner(difference(pose.detector_mm, pose.source_mm), normal) /
         inner(difference(scan.isocenter_mm(), pose.source_mm), normal);
}

}  // namespace

double distance_from_axis_mm(const Ray& ray, const Point3& isocenter_mm) {
  const Point3 along = difference(ray.element_mm, ray.source_mm), to = difference(isocenter_mm, ray.source_mm);
  return (along[0] * to[1] - along[1] * to[0]) / std::hypot(along[0], along[1]);
}

ScanFigures figures_of(const PosedScan& scan) {
  const Geometry& g = scan.geometry();
  const double columns = static_cast<double>(g.detector_columns), rows = static_cast<double>(g.detector_rows);
  ScanFigures figures;
  figures.magnification = 0;
  figures.field_of_view_radius_mm = figures.extended_radius_mm = figures.field_of_view_height_mm =
      std::numeric_limits<double>::infinity();
  double across_mm = 0, along_mm = 0;
  for (std::int64_t view = 0; view < scan.view_count(); ++view) {
    const auto reach_mm = [&](double u) {
      return distance_from_axis_mm(scan.ray(view, u, 0.5 * (rows - 1)), scan.isocenter_mm());
    };
    const double first = reach_mm(-0.5), last = reach_mm(columns - 0.5), sign = last > first ? 1.0 : -1.0;
    const double low = std::max(0.0, -first * sign), high = std::max(0.0, last * sign);
    figures.field_of_view_radius_mm = std::min(figures.field_of_view_radius_mm, std::min(low, high));
    figures.extended_radius_mm = std::min(figures.extended_radius_mm, std::max(low, high));
    const auto height_mm = [&](double v) {
      return height_at_axis_mm(scan.ray(view, 0.5 * (columns - 1), v), scan.isocenter_mm());
    };
    figures.field_of_view_height_mm =
        std::min(figures.field_of_view_height_mm, std::abs(height_mm(rows - 0.5) - height_mm(-0.5)));
    const double factor = magnification(scan, view), share = 1.0 / static_cast<double>(scan.view_count());
    figures.magnification += share * factor;
    across_mm += share * length(scan.pose(view).u_mm) / factor;
    along_mm += share * length(scan.pose(view).v_mm) / (scan.has_point_source() ? factor : 1.0);
  }
  figures.voxel_across_mm = across_mm;
  figures.voxel_along_mm = along_mm;
  return figures;
}

}  // namespace gdm::ct
