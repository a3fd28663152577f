// The path length is linear in density, so one integral over the difference of the densities does for both volumes.
#include "metrics/water_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "image/grid_match.hpp"
#include "metrics/pixel.hpp"
#include "picture/slices.hpp"
#include "sys/angle.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

constexpr double bin_mm = 0.01, longest_mm = 1000.0;
constexpr std::int64_t tasks = 16;  // fixed, so that sums do not depend on the threads

void check_options(const WaterPathOptions& options) {
  bool ascending = options.table.size() >= 2;
  for (std::size_t n = 1; n < options.table.size(); ++n) ascending &= options.table[n - 1].hu < options.table[n].hu;
  if (!ascending) throw Error("a density table needs at least 2 points that ascend in HU");
  if (options.gantry_deg.empty()) throw Error("no gantry angle is given for water-equivalent path lengths");
}

double density_of(double hu, const std::vector<DensityPoint>& table) {
  if (hu <= table.front().hu) return table.front().relative_density;
  for (std::size_t n = 1; n < table.size(); ++n) {
    if (hu > table[n].hu) continue;
    const DensityPoint &a = table[n - 1], &b = table[n];
    return a.relative_density + (hu - a.hu) / (b.hu - a.hu) * (b.relative_density - a.relative_density);
  }
  return table.back().relative_density;
}

struct PathSums {
  std::vector<std::int64_t> histogram, samples;  ///< of |error| in bins; per angle
  std::vector<double> absolute, signed_;         ///< per angle

  explicit PathSums(std::size_t angles)
      : histogram(static_cast<std::size_t>(longest_mm / bin_mm) + 1, 0),
        samples(angles, 0),
        absolute(angles, 0.0),
        signed_(angles, 0.0) {}

  void add(std::size_t angle, double error_mm) {
    const double size = std::abs(error_mm);
    ++samples[angle];
    absolute[angle] += size;
    signed_[angle] += error_mm;
    ++histogram[static_cast<std::size_t>(std::min(size, longest_mm) / bin_mm)];
  }

  PathSums& operator+=(const PathSums& other) {
    for (std::size_t n = 0; n < histogram.size(); ++n) histogram[n] += other.histogram[n];
    for (std::size_t a = 0; a < samples.size(); ++a) {
      samples[a] += other.samples[a];
      absolute[a] += other.absolute[a];
      signed_[a] += other.signed_[a];
    }
    return *this;
  }
};

/// Bilinear; 0 beyond the slice. x, y are continuous column and row.
double value_or_zero(const picture::Slice& slice, double x, double y) {
  const double fx = std::floor(x), fy = std::floor(y), tx = x - fx, ty = y - fy;
  const std::int64_t i = static_cast<std::int64_t>(fx), j = static_cast<std::int64_t>(fy);
  const auto at = [&](std::int64_t column, std::int64_t row) {
    const bool inside = column >= 0 && row >= 0 && column < slice.width && row < slice.height;
    return inside ? static_cast<double>(slice.values[static_cast<std::size_t>(row * slice.width + column)]) : 0.0;
  };
  return (1 - ty) * ((1 - tx) * at(i, j) + tx * at(i + 1, j)) + ty * ((1 - tx) * at(i, j + 1) + tx * at(i + 1, j + 1));
}

bool nearest_is_set(const picture::Slice& mask, double x, double y) {
  const std::int64_t i = static_cast<std::int64_t>(std::floor(x + 0.5)),
                     j = static_cast<std::int64_t>(std::floor(y + 0.5));
  return i >= 0 && j >= 0 && i < mask.width && j < mask.height &&
         mask.values[static_cast<std::size_t>(j * mask.width + i)] != 0;
}

/// All rays of one angle through one slice. The slice shows the patient's left on the right and his front on top, so a
/// beam of angle g runs along (-sin g, cos g).
void trace(const picture::Slice& difference, const picture::Slice& points, double gantry_deg, std::size_t angle,
           PathSums& sums) {
  const double g = gantry_deg * radians_per_degree, along_x = -std::sin(g), along_y = std::cos(g);
  const double width = static_cast<double>(difference.width) * difference.width_mm;
  const double height = static_cast<double>(difference.height) * difference.height_mm;
  const double step = std::min(difference.width_mm, difference.height_mm);
  const auto steps = [step](double extent) { return static_cast<std::int64_t>(std::ceil(extent / step - 1e-6)); };
  const std::int64_t rays = steps(std::abs(along_y) * width + std::abs(along_x) * height);
  const std::int64_t depths = steps(std::abs(along_x) * width + std::abs(along_y) * height);
  for (std::int64_t r = 0; r < rays; ++r) {
    const double across = (static_cast<double>(r) + 0.5 - 0.5 * static_cast<double>(rays)) * step;
    double path = 0;
    for (std::int64_t d = 0; d < depths; ++d) {
      const double depth = (static_cast<double>(d) + 0.5 - 0.5 * static_cast<double>(depths)) * step;
      const double x = (0.5 * width + depth * along_x - across * along_y) / difference.width_mm - 0.5;
      const double y = (0.5 * height + depth * along_y + across * along_x) / difference.height_mm - 0.5;
      const double half = 0.5 * step * value_or_zero(difference, x, y);
      if (nearest_is_set(points, x, y)) sums.add(angle, path + half);
      path += 2.0 * half;
    }
  }
}

double percentile_95(const PathSums& sums, std::int64_t total) {
  std::int64_t below = 0;
  std::size_t bin = 0;
  for (; bin + 1 < sums.histogram.size(); ++bin) {
    below += sums.histogram[bin];
    if (20 * below >= 19 * total) break;
  }
  return static_cast<double>(bin) * bin_mm;
}

}  // namespace

std::vector<DensityPoint> thomas_density_table() {
  return {{-1000.0, 0.0}, {100.0, 1.1}, {195.0, 1.1}, {4000.0, 1.0 + 4000.0 / 1950.0}};
}

WaterPathError water_path_error(const Volume& prediction_hu, const Volume& target_hu, const Mask& body,
                                const Mask& points, const WaterPathOptions& options) {
  check_options(options);
  check_gradable(prediction_hu, target_hu, body);
  require_same_grid(points.grid, "the points' volume", body.grid, "the body");
  const picture::Orientation view = picture::orientation_of(target_hu.grid, "axial");
  const std::int64_t slices = target_hu.grid.shape_ijk[view.normal];
  std::vector<PathSums> parts(static_cast<std::size_t>(std::min(tasks, slices)), PathSums(options.gantry_deg.size()));
  parallel_for(static_cast<std::int64_t>(parts.size()), [&](std::int64_t task) {
    PathSums& sums = parts[static_cast<std::size_t>(task)];
    for (std::int64_t s = task; s < slices; s += static_cast<std::int64_t>(parts.size())) {
      const picture::Slice where = picture::cut(points, view, s);
      if (std::count(where.values.begin(), where.values.end(), 0.0F) ==
          static_cast<std::ptrdiff_t>(where.values.size())) {
        continue;
      }
      picture::Slice difference = picture::cut(prediction_hu, view, s);
      const picture::Slice target = picture::cut(target_hu, view, s), inside = picture::cut(body, view, s);
      for (std::size_t n = 0; n < inside.values.size(); ++n) {
        difference.values[n] = inside.values[n] == 0
                                   ? 0.0F
                                   : static_cast<float>(density_of(difference.values[n], options.table) -
                                                        density_of(target.values[n], options.table));
      }
      for (std::size_t a = 0; a < options.gantry_deg.size(); ++a)
        trace(difference, where, options.gantry_deg[a], a, sums);
    }
  });
  PathSums total = parts.front();
  for (std::size_t p = 1; p < parts.size(); ++p) total += parts[p];
  WaterPathError result;
  for (std::size_t a = 0; a < options.gantry_deg.size(); ++a) {
    result.samples += total.samples[a];
    result.mean_mm += total.absolute[a];
    result.bias_mm += total.signed_[a];
    result.mean_by_angle_mm.push_back(total.absolute[a] /
                                      static_cast<double>(std::max<std::int64_t>(1, total.samples[a])));
  }
  if (result.samples == 0) throw Error("no point for a water-equivalent path length lies inside the volume");
  result.mean_mm /= static_cast<double>(result.samples);
  result.bias_mm /= static_cast<double>(result.samples);
  result.p95_mm = percentile_95(total, result.samples);
  return result;
}

}  // namespace gdm::metrics
