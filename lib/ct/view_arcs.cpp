#include "ct/view_arcs.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "image/vectors.hpp"
#include "sys/angle.hpp"

namespace gdm::ct {
namespace {

double angle_of(const PosedScan& scan, std::int64_t view) {
  const Geometry& g = scan.geometry();
  if (g.kind != ScanKind::poses) return g.angles_deg[static_cast<std::size_t>(view)] * (pi / 180.0);
  const Point3 to_source = difference(scan.pose(view).source_mm, scan.isocenter_mm());
  return std::atan2(-to_source[0], to_source[1]);
}

double within(double angle, double period) {
  const double rest = std::fmod(angle, period);
  return rest < 0 ? rest + period : rest;
}

/// Places around a period in ascending order of angle, and the way from each to the next.
struct Around {
  std::vector<std::size_t> order;
  std::vector<double> gaps;
  std::size_t widest = 0;

  Around(std::vector<double> angles, double period) : order(angles.size()), gaps(angles.size()) {
    for (double& angle : angles) angle = within(angle, period);
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return angles[a] < angles[b]; });
    for (std::size_t n = 0; n + 1 < gaps.size(); ++n) gaps[n] = angles[order[n + 1]] - angles[order[n]];
    gaps.back() = angles[order.front()] + period - angles[order.back()];
    widest = static_cast<std::size_t>(std::max_element(gaps.begin(), gaps.end()) - gaps.begin());
  }
};

/// Steps in ascending order; views of another turn at the same angles are none.
std::vector<double> steps_of(const std::vector<double>& gaps) {
  std::vector<double> steps;
  std::copy_if(gaps.begin(), gaps.end(), std::back_inserter(steps), [](double gap) { return gap > 1e-7; });
  std::sort(steps.begin(), steps.end());
  return steps;
}

double median_of(const std::vector<double>& steps) {
  return steps.empty() ? 0.0 : steps[(steps.size() - 1) / 2];
}

/// The median, or the mean if that is more.
double usual_step(const std::vector<double>& steps) {
  if (steps.empty()) return 0.0;
  const double mean = std::accumulate(steps.begin(), steps.end(), 0.0) / static_cast<double>(steps.size());
  return std::max(median_of(steps), mean);
}

bool is_uneven(const std::vector<double>& steps) {
  return !steps.empty() && steps.back() > 2.0 * usual_step(steps) + 1e-9;
}

}  // namespace

ViewArcs arcs_of(const PosedScan& scan) {
  const auto views = static_cast<std::size_t>(scan.view_count());
  std::vector<double> angles(views);
  for (std::size_t n = 0; n < views; ++n) angles[n] = angle_of(scan, static_cast<std::int64_t>(n));
  Around around(angles, 2 * pi);
  std::vector<double>& gaps = around.gaps;
  const std::vector<std::size_t>& order = around.order;
  const std::size_t widest = around.widest;
  const std::vector<double> steps = steps_of(gaps);
  ViewArcs arcs;
  arcs.step_rad = median_of(steps);
  arcs.full_turn = views > 2 && gaps[widest] < 2.0 * usual_step(steps) + 1e-9;
  if (!arcs.full_turn) gaps[widest] = std::min(arcs.step_rad, gaps[widest]);
  arcs.has_gap = is_uneven(steps_of(gaps));
  arcs.start_rad.resize(views);
  arcs.cell_rad.resize(views);
  for (std::size_t n = 0; n < views; ++n) {
    const std::size_t at = (widest + 1 + n) % views, before = (at + views - 1) % views;
    arcs.cell_rad[order[at]] = 0.5 * (gaps[at] + gaps[before]);
    arcs.start_rad[order[at]] = arcs.range_rad + 0.5 * gaps[widest];
    arcs.range_rad += n + 1 < views ? gaps[at] : 0.0;
  }
  arcs.range_rad += gaps[widest];
  if (arcs.has_gap && scan.geometry().kind == ScanKind::parallel && arcs.range_rad > pi) {
    arcs.has_gap = is_uneven(steps_of(Around(angles, pi).gaps));  // views from both sides are the same
  }
  return arcs;
}

namespace {

/// Angle from a view to the next one, the shorter way.
double step_rad(const PosedScan& scan, std::int64_t view) {
  return std::remainder(angle_of(scan, view + 1) - angle_of(scan, view), 2 * pi);
}

}  // namespace

bool is_helix(const PosedScan& scan) {
  if (scan.geometry().kind != ScanKind::poses || scan.view_count() < 3) return false;
  double turned = 0, way_rad = 0, rise_mm = 0, way_mm = 0;
  for (std::int64_t view = 0; view + 1 < scan.view_count(); ++view) {
    const double step = step_rad(scan, view);
    const double up_mm = scan.pose(view + 1).source_mm[2] - scan.pose(view).source_mm[2];
    turned += step;
    way_rad += std::abs(step);
    rise_mm += up_mm;
    way_mm += std::abs(up_mm);
  }
  constexpr double straight = 0.99;  // of what goes one way alone
  const double mean_step = way_rad / static_cast<double>(scan.view_count() - 1);
  return std::abs(rise_mm) > std::abs(figures_of(scan).voxel_along_mm) && std::abs(rise_mm) >= straight * way_mm &&
         std::abs(turned) >= straight * way_rad && way_rad + 1.5 * mean_step > 2 * pi;
}

ViewArcs arcs_in_order(const PosedScan& scan) {
  const auto views = static_cast<std::size_t>(scan.view_count());
  std::vector<double> ways(views - 1);  // to the next view
  for (std::size_t n = 0; n + 1 < views; ++n) {
    ways[n] = std::abs(step_rad(scan, static_cast<std::int64_t>(n)));
  }
  std::vector<double> sorted = ways;
  std::sort(sorted.begin(), sorted.end());
  ViewArcs arcs;
  arcs.step_rad = sorted[sorted.size() / 2];
  arcs.has_gap = is_uneven(steps_of(ways));
  for (std::size_t n = 0; n < views; ++n) {
    const double before = n > 0 ? ways[n - 1] : ways.front(), after = n + 1 < views ? ways[n] : ways.back();
    arcs.cell_rad.push_back(0.5 * (before + after));
    arcs.start_rad.push_back(arcs.range_rad + 0.5 * before);
    arcs.range_rad += arcs.cell_rad.back();
  }
  arcs.full_turn = true;
  return arcs;
}

bool has_view_gap(const PosedScan& scan) {
  return (is_helix(scan) ? arcs_in_order(scan) : arcs_of(scan)).has_gap;
}

double angular_range_deg(const PosedScan& scan) {
  constexpr double digits = 1e4;  // angles from files of other programs come rounded
  const ViewArcs arcs = arcs_of(scan);
  return arcs.full_turn ? 360.0 : std::round(arcs.range_rad * (180.0 / pi) * digits) / digits;
}

}  // namespace gdm::ct
