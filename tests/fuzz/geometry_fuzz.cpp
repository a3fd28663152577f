// Any text as the geometry of a scan, in JSON or as RTK's XML: an Error, or a geometry that is written and read again
// without change.
#include <cstdlib>
#include <string>

#include "ct/geometry_file.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gdm::set_log_level(gdm::LogLevel::quiet);
  const std::string text(reinterpret_cast<const char*>(data), size);
  gdm::ct::Geometry geometry;
  try {
    geometry = text.find("RTKThreeD") == std::string::npos ? gdm::ct::geometry_from_json(gdm::parse_json(text))
                                                           : gdm::ct::geometry_from_rtk_xml(text, {16, 8, 1.0, 1.0});
  } catch (const gdm::Error&) {
    return 0;
  }
  const gdm::Json written = gdm::ct::geometry_to_json(geometry);
  if (gdm::ct::geometry_to_json(gdm::ct::geometry_from_json(written)) != written) std::abort();
  return 0;
}
