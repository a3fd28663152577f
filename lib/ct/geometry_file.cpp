#include "ct/geometry_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sys/atomic_file.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::ct {

void warn_of_radians(const Geometry& geometry) {
  constexpr double full_turn_rad = 6.2831854;
  const std::vector<double>& angles = geometry.angles_deg;
  if (angles.size() <= 10) return;
  const auto [low, high] = std::minmax_element(angles.begin(), angles.end());
  if (*low < -full_turn_rad || *high > full_turn_rad || *high - *low >= 7.0) return;
  log_warning(fmt::format("{} views lie between {:.4g} and {:.4g} degrees, which looks like radians", angles.size(),
                          *low, *high));
}

Geometry read_geometry(const std::filesystem::path& path, const Detector* detector) {
  constexpr std::size_t limit_bytes = std::size_t{64} << 20;
  return with_context(path.string(), [&] {
    const std::string text = read_file(path, limit_bytes);
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    const bool is_xml = first != std::string::npos && text[first] == '<';
    if (!is_xml && detector != nullptr) throw Error("a geometry in JSON tells its detector itself");
    if (is_xml && detector == nullptr) {
      throw Error("RTK's geometry does not tell the detector: --detector and --detector-spacing do");
    }
    return is_xml ? geometry_from_rtk_xml(text, *detector) : geometry_from_json(parse_json(text));
  });
}

}  // namespace gdm::ct
