// The field of view of filtered back-projection.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ct/fdk_views.hpp"
#include "sys/angle.hpp"
#include "sys/parallel.hpp"

namespace gdm::ct {
namespace {

/// Where the middle of the detector ends, in columns and rows.
struct Ends {
  double u, v;
  explicit Ends(const PosedScan& scan)
      : u(static_cast<double>(scan.geometry().detector_columns) - 0.5),
        v(static_cast<double>(scan.geometry().detector_rows) - 0.5) {}
  bool have(const Sight& sight) const { return sight.u >= -0.5 && sight.u <= u && sight.v >= -0.5 && sight.v <= v; }
};

/// Adds the arc of a view to the voxels of a line along c that it sees. `line` holds steps: its sums from the first
/// voxel on are what counts.
void add_seen(const ViewMap& map, const Ends& ends, double a, double b, double arc_rad, std::vector<double>& line) {
  const Sight first = map.sight(a, b, 0);
  if (first.u < -0.5 || first.u > ends.u) return;
  const double per_c = map.rows_per_c(a, b), voxels = static_cast<double>(line.size() - 1);
  const double begin = (-0.5 - first.v) / per_c, end = (ends.v - first.v) / per_c;
  const auto bounded = [voxels](double c) { return static_cast<std::size_t>(std::clamp(c, 0.0, voxels)); };
  line[bounded(std::ceil(std::min(begin, end)))] += arc_rad;
  line[bounded(std::floor(std::max(begin, end)) + 1)] -= arc_rad;
}

}  // namespace

void fill_outside(const PosedScan& scan, const LineFrame& frame, float value, Volume& volume) {
  std::vector<ViewMap> maps;
  const std::int64_t step = std::max<std::int64_t>(1, scan.view_count() / 100);
  for (std::int64_t view = 0; view < scan.view_count(); view += step) maps.emplace_back(scan, frame, view);
  const Ends ends(scan);
  const auto is_seen = [&](double a, double b, double c) {
    return std::all_of(maps.begin(), maps.end(), [&](const ViewMap& map) { return ends.have(map.sight(a, b, c)); });
  };
  parallel_for(frame.shape()[1], [&](std::int64_t b) {
    for (std::int64_t a = 0; a < frame.shape()[0]; ++a) {
      for (std::int64_t c = 0; c < frame.shape()[2]; ++c) {
        if (is_seen(static_cast<double>(a), static_cast<double>(b), static_cast<double>(c))) continue;
        volume.voxels[static_cast<std::size_t>(frame.offset(a, b, c))] = value;
      }
    }
  });
}

void divide_by_seen(const PosedScan& scan, const LineFrame& frame, const std::vector<double>& arcs_rad,
                    std::optional<float> outside, Volume& volume) {
  std::vector<ViewMap> maps;
  for (std::int64_t view = 0; view < scan.view_count(); ++view) maps.emplace_back(scan, frame, view);
  const Ends ends(scan);
  const bool by_lines = frame_along_rows(scan, volume.grid).has_value();
  const auto length = static_cast<std::size_t>(frame.shape()[2]);
  parallel_for(frame.shape()[1], [&](std::int64_t b) {
    std::vector<double> seen(length + 1);
    for (std::int64_t a = 0; a < frame.shape()[0]; ++a) {
      const auto x = static_cast<double>(a), y = static_cast<double>(b);
      std::fill(seen.begin(), seen.end(), 0.0);
      for (std::size_t view = 0; view < maps.size(); ++view) {
        if (by_lines) {
          add_seen(maps[view], ends, x, y, arcs_rad[view], seen);
          continue;
        }
        for (std::size_t c = 0; c < length; ++c) {
          if (ends.have(maps[view].sight(x, y, static_cast<double>(c)))) seen[c] += arcs_rad[view];
        }
      }
      if (by_lines) std::partial_sum(seen.begin(), seen.end(), seen.begin());
      for (std::size_t c = 0; c < length; ++c) {
        float& voxel = volume.voxels[static_cast<std::size_t>(frame.offset(a, b, static_cast<std::int64_t>(c)))];
        voxel *= static_cast<float>(2 * pi / std::max(seen[c], pi));
        if (outside && seen[c] < pi) voxel = *outside;
      }
    }
  });
}

}  // namespace gdm::ct
