#include "dicom/stack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "image/grid_match.hpp"
#include "image/orientation.hpp"
#include "sys/angle.hpp"

namespace gdm::dicom {
namespace {

constexpr double same_place_mm = 1e-3;  // files state positions to a micrometre at best

double dot(const Point3& a, const Point3& b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
Point3 minus(const Point3& a, const Point3& b) {
  return {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
}

struct Placed {
  double position_mm;
  const Frame* frame;
};

std::vector<Placed> in_order(const std::vector<Frame>& frames) {
  const Point3 normal = normal_lps(frames.front());
  std::vector<Placed> placed;
  for (const Frame& frame : frames) placed.push_back({dot(normal, frame.position_lps_mm), &frame});
  std::stable_sort(placed.begin(), placed.end(),
                   [](const Placed& a, const Placed& b) { return a.position_mm < b.position_mm; });
  return placed;
}

/// The median distance between neighbours that do not lie at one place, of an even number the lower of the middle two,
/// which is a distance that there is; 0 if all lie at one place.
double median_step(const std::vector<Placed>& placed) {
  std::vector<double> steps;
  for (std::size_t n = 1; n < placed.size(); ++n) {
    const double step = placed[n].position_mm - placed[n - 1].position_mm;
    if (step > same_place_mm) steps.push_back(step);
  }
  if (steps.empty()) return 0;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>((steps.size() - 1) / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

std::string listed(const std::vector<std::string>& parts) {
  constexpr std::size_t most = 8;
  std::string text;
  for (std::size_t n = 0; n < std::min(parts.size(), most); ++n) text += (n > 0 ? ", " : "") + parts[n];
  if (parts.size() > most) text += fmt::format(" and {} more", parts.size() - most);
  return text;
}

void find_doubled(Stack& stack) {
  std::vector<std::string> places;
  for (std::size_t n = 0; n < stack.slices.size(); ++n) {
    if (stack.slices[n].size() == 1) continue;
    places.push_back(fmt::format("{} at {:.6g} mm", stack.slices[n].size(), stack.positions_mm[n]));
  }
  if (!places.empty()) stack.doubled = "several slices lie at one place: " + listed(places);
}

/// How far each slice lies from where it would lie between the first and the last if all were even.
void find_uneven(Stack& stack) {
  const std::vector<double>& at = stack.positions_mm;
  const double even = at.back() / static_cast<double>(at.size() - 1);
  double worst = 0;
  for (std::size_t n = 0; n < at.size(); ++n) {
    worst = std::max(worst, std::abs(at[n] - even * static_cast<double>(n)) / even);
  }
  if (worst <= grid_tolerance_voxels()) {
    stack.step_mm = even;
    return;
  }
  std::vector<std::string> missing, steps;
  bool whole = true;
  for (std::size_t n = 1; n < at.size(); ++n) {
    const double ratio = (at[n] - at[n - 1]) / stack.step_mm;
    if (std::abs(ratio - 1) <= grid_tolerance_voxels()) continue;
    whole = whole && ratio > 1.5 && std::abs(ratio - std::round(ratio)) <= 2 * grid_tolerance_voxels();
    missing.push_back(
        fmt::format("{} between {:.6g} and {:.6g} mm", static_cast<int>(std::lround(ratio)) - 1, at[n - 1], at[n]));
    steps.push_back(fmt::format("{:.4g} mm from {:.6g} to {:.6g} mm", at[n] - at[n - 1], at[n - 1], at[n]));
  }
  if (whole && !missing.empty()) {
    stack.uneven = fmt::format("slices are missing (they are {:.4g} mm apart): {}", stack.step_mm, listed(missing));
  } else if (steps.empty()) {
    stack.uneven = fmt::format("slices drift up to {:.3g} of a voxel off even spacing", worst);
  } else {
    stack.uneven =
        fmt::format("slices are unevenly spaced: most are {:.4g} mm apart, but {}", stack.step_mm, listed(steps));
  }
}

/// Slices that move along i and j as they go along the normal lean; if they do not move evenly, they slide about.
void find_lean(Stack& stack) {
  const Frame& first = stack.slices.front().front();
  const std::array<Point3, 2> axes{first.i_lps, first.j_lps};
  const Point3 whole = minus(stack.slices.back().front().position_lps_mm, first.position_lps_mm);
  double squared = 0, sideways_voxels = 0;
  for (std::size_t a = 0; a < 2; ++a) {
    const double moved = dot(axes[a], whole);
    stack.lean[a] = moved / stack.positions_mm.back();
    squared += stack.lean[a] * stack.lean[a];
    sideways_voxels = std::max(sideways_voxels, std::abs(moved) / first.spacing_mm[a]);
  }
  for (std::size_t n = 0; n < stack.slices.size(); ++n) {
    for (const Frame& frame : stack.slices[n]) {
      const Point3 moved = minus(frame.position_lps_mm, first.position_lps_mm);
      for (std::size_t a = 0; a < 2; ++a) {
        const double off = dot(axes[a], moved) - stack.lean[a] * stack.positions_mm[n];
        if (std::abs(off) / first.spacing_mm[a] <= grid_tolerance_voxels()) continue;
        stack.fault =
            fmt::format("slices slide sideways: the one at {:.6g} mm lies {:.3g} mm off the line of the others",
                        stack.positions_mm[n], std::abs(off));
        return;
      }
    }
  }
  constexpr double right_angle = 1e-4;  // as Grid::is_orthogonal() has it
  if (std::sqrt(squared) < right_angle) return;
  if (sideways_voxels <= grid_tolerance_voxels()) {
    stack.lean = {0, 0};
    return;
  }
  stack.lean_degrees = std::atan(std::sqrt(squared)) * 180 / pi;
}

Point3 step_lps(const Frame& first, const std::array<double, 2>& lean, double step_mm) {
  const Point3 normal = normal_lps(first);
  Point3 step{};
  for (std::size_t r = 0; r < 3; ++r) {
    step[r] = step_mm * (normal[r] + lean[0] * first.i_lps[r] + lean[1] * first.j_lps[r]);
  }
  return step;
}

Grid grid_from(const Frame& first, const Point3& origin_lps, const Point3& step, const Index3& shape) {
  Grid grid;
  grid.shape_ijk = shape;
  const auto column = [&grid](std::size_t c, const Point3& lps, double scale) {
    const Point3 ras = ras_of_lps(lps);
    for (std::size_t r = 0; r < 3; ++r) grid.ijk_to_ras_mm[r][c] = scale * ras[r];
  };
  column(0, first.i_lps, first.spacing_mm[0]);
  column(1, first.j_lps, first.spacing_mm[1]);
  column(2, step, 1);
  column(3, origin_lps, 1);
  grid.ijk_to_ras_mm[3] = {0, 0, 0, 1};
  return grid;
}

}  // namespace

Point3 normal_lps(const Frame& frame) {
  const Point3& a = frame.i_lps;
  const Point3& b = frame.j_lps;
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

Stack stack_of(const std::vector<Frame>& frames) {
  const std::vector<Placed> placed = in_order(frames);
  Stack stack;
  stack.step_mm = median_step(placed);
  const double same_mm = std::max(same_place_mm, grid_tolerance_voxels() * stack.step_mm);
  for (const Placed& one : placed) {
    const double at = one.position_mm - placed.front().position_mm;
    if (stack.slices.empty() || at - stack.positions_mm.back() > same_mm) {
      stack.slices.emplace_back();
      stack.positions_mm.push_back(at);
    }
    stack.slices.back().push_back(*one.frame);
  }
  find_doubled(stack);
  if (stack.slices.size() < 2) {
    stack.fault = frames.size() == 1 ? "is a single slice, expected at least two" : "all slices lie at one place";
    return stack;
  }
  find_uneven(stack);
  find_lean(stack);
  return stack;
}

Grid grid_of(const Stack& stack) {
  const Frame& first = stack.slices.front().front();
  const auto slices = static_cast<std::int64_t>(stack.slices.size());
  return grid_from(first, first.position_lps_mm, step_lps(first, stack.lean, stack.step_mm),
                   {first.shape_ijk[0], first.shape_ijk[1], slices});
}

std::vector<double> even_positions_mm(const Stack& stack) {
  const double extent = stack.positions_mm.back();
  const auto steps = std::max<std::int64_t>(1, std::llround(extent / stack.step_mm));
  std::vector<double> positions;
  for (std::int64_t n = 0; n <= steps; ++n)
    positions.push_back(extent * static_cast<double>(n) / static_cast<double>(steps));
  return positions;
}

Grid upright(const Stack& stack) {
  const Frame& first = stack.slices.front().front();
  Index3 shape = grid_of(stack).shape_ijk;
  Point3 origin = first.position_lps_mm;
  const std::array<Point3, 2> axes{first.i_lps, first.j_lps};
  for (std::size_t a = 0; a < 2; ++a) {
    const double voxels = stack.lean[a] * stack.positions_mm.back() / first.spacing_mm[a];
    const double more = std::ceil(std::abs(voxels) - grid_tolerance_voxels());
    shape[a] += std::max<std::int64_t>(0, static_cast<std::int64_t>(more));
    if (voxels < 0 && more > 0) {
      for (std::size_t r = 0; r < 3; ++r) origin[r] -= more * first.spacing_mm[a] * axes[a][r];
    }
  }
  return grid_from(first, origin, step_lps(first, {0, 0}, stack.step_mm), shape);
}

}  // namespace gdm::dicom
