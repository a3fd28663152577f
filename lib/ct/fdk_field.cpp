// The field of view of filtered back-projection.
#include <algorithm>

#include "ct/fdk_views.hpp"
#include "sys/parallel.hpp"

namespace gdm::ct {

void fill_outside(const PosedScan& scan, const LineFrame& frame, float value, Volume& volume) {
  std::vector<ViewMap> maps;
  const std::int64_t step = std::max<std::int64_t>(1, scan.view_count() / 100);
  for (std::int64_t view = 0; view < scan.view_count(); view += step) maps.emplace_back(scan, frame, view);
  const double last_u = static_cast<double>(scan.geometry().detector_columns) - 0.5;
  const double last_v = static_cast<double>(scan.geometry().detector_rows) - 0.5;
  const auto is_seen = [&](double a, double b, double c) {
    return std::all_of(maps.begin(), maps.end(), [&](const ViewMap& map) {
      const Sight sight = map.sight(a, b, c);
      return sight.u >= -0.5 && sight.u <= last_u && sight.v >= -0.5 && sight.v <= last_v;
    });
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

}  // namespace gdm::ct
