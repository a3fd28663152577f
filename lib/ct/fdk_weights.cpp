#include "ct/fdk_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "image/vectors.hpp"
#include "sys/angle.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::ct {
namespace {

double middle_row(const PosedScan& scan) {
  return 0.5 * static_cast<double>(scan.geometry().detector_rows - 1);
}

double reach_mm(const PosedScan& scan, std::int64_t view, double u) {
  return distance_from_axis_mm(scan.ray(view, u, middle_row(scan)), scan.isocenter_mm());
}

/// Angle of a ray from the one through the axis.
double fan_angle(const PosedScan& scan, std::int64_t view, double distance_mm) {
  if (scan.geometry().kind == ScanKind::parallel) return 0.0;
  const Point3 to_source = difference(scan.pose(view).source_mm, scan.isocenter_mm());
  return std::asin(std::min(1.0, std::max(-1.0, distance_mm / std::hypot(to_source[0], to_source[1]))));
}

double squared_sine(double part) {
  const double s = std::sin(0.25 * pi * part);
  return s * s;
}

/// Parker's weight of a ray at `angle` of a range of pi + 2 excess: rises over the rays that are seen again at the end,
/// and falls over those that were seen at the start. Columns count here so that the second ray lies at pi - 2 fan.
double parker(double angle, double fan, double excess) {
  const double rise = excess + fan, fall = excess - fan;
  if (rise > 1e-9 && angle < 2 * rise) return squared_sine(angle / rise);
  if (fall > 1e-9 && angle > pi + 2 * fan) return squared_sine((pi + 2 * excess - angle) / fall);
  return 1.0;
}

}  // namespace

RayShares::RayShares(const PosedScan& scan)
    : of_helix_(is_helix(scan)), arcs_(of_helix_ ? arcs_in_order(scan) : arcs_of(scan)) {
  const double columns = static_cast<double>(scan.geometry().detector_columns);
  const double low = -reach_mm(scan, 0, -0.5), high = reach_mm(scan, 0, columns - 0.5);
  if (!(low > 0) || !(high > 0))
    throw Error(
        "the detector does not reach across the axis on both sides, or its columns do not count in the direction in "
        "which "
        "the source moves, as those of filtered back-projection have to; gdm-recon iterative takes any");
  set_offset(scan, low, high);
  if (overlap_mm_ > 0 && !arcs_.full_turn) {
    throw Error(
        fmt::format("the detector reaches {:.4g} mm to one side of the axis and {:.4g} mm to the other, which takes a "
                    "full turn, and "
                    "the views span {:.4g} degrees; gdm-recon iterative takes any",
                    high, low, arcs_.range_rad / radians_per_degree));
  }
  if (overlap_mm_ > 0 && of_helix_) {
    throw Error("a helix with an offset detector is not for filtered back-projection; gdm-recon iterative takes any");
  }
  const double needed = pi + 2 * std::max(fan_angle(scan, 0, low), fan_angle(scan, 0, high));
  if (!arcs_.full_turn && arcs_.range_rad < needed - 1.5 * arcs_.step_rad) {
    log_warning(
        fmt::format("the views span {:.4g} degrees and filtered back-projection needs {:.4g}: expect streaks and "
                    "wrong values",
                    arcs_.range_rad / radians_per_degree, needed / radians_per_degree));
  }
  if (arcs_.has_gap) {
    log_warning(
        "views are left out: a step between them is more than twice the usual one; expect streaks and wrong values; "
        "gdm-recon iterative takes any");
  }
}

void RayShares::set_offset(const PosedScan& scan, double low_mm, double high_mm) {
  constexpr double centred = 0.05;
  if (std::abs(high_mm - low_mm) <= centred * (high_mm + low_mm)) return;
  longer_side_ = high_mm > low_mm ? 1.0 : -1.0;
  overlap_mm_ = std::min(low_mm, high_mm);
  double below = -0.5, above = static_cast<double>(scan.geometry().detector_columns) - 0.5;
  const double edges = below + above;
  for (int n = 0; n < 50; ++n) {  // halves the interval in which the axis is seen
    const double middle = 0.5 * (below + above);
    (reach_mm(scan, 0, middle) < 0 ? below : above) = middle;
  }
  const double lacking = 2 * below - edges;
  (lacking > 0 ? lacking_.after : lacking_.before) = static_cast<std::int64_t>(std::ceil(std::abs(lacking)));
}

std::vector<double> RayShares::of_view(const PosedScan& scan, std::int64_t view) const {
  const auto n = static_cast<std::size_t>(view);
  std::vector<double> shares(static_cast<std::size_t>(scan.geometry().detector_columns));
  for (std::size_t u = 0; u < shares.size(); ++u) {
    const double distance_mm = reach_mm(scan, view, static_cast<double>(u));
    double share = 0.5;
    if (overlap_mm_ > 0) {
      const double part = std::min(1.0, std::max(-1.0, longer_side_ * distance_mm / overlap_mm_));
      share = 0.5 * (1.0 + std::sin(0.5 * pi * part));
    } else if (!arcs_.full_turn) {
      share = parker(arcs_.start_rad[n], fan_angle(scan, view, distance_mm), 0.5 * (arcs_.range_rad - pi));
    }
    shares[u] = share * arcs_.cell_rad[n];
  }
  return shares;
}

}  // namespace gdm::ct
