#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "ct/geometry_file.hpp"
#include "io/json_fields.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::ct {
namespace {

Point3 point_of(const Json& array, const std::string& name) {
  if (!array.is_array() || array.size() != 3) throw Error(name + " is not three numbers in mm");
  const std::vector<double> numbers = numbers_of(array, name);
  return {numbers[0], numbers[1], numbers[2]};
}

constexpr std::int64_t most_views = 1000000;

/// A list, or {first, last or step, count}.
std::vector<double> sequence_of(const Json& json, const std::string& name) {
  if (json.is_array()) return numbers_of(json, name);
  JsonFields fields(json, name);
  const double first = fields.number("first");
  const std::int64_t count = fields.whole("count");
  if (count < 1 || count > most_views) throw Error(fmt::format("{}: a count of {} is not possible", name, count));
  if (fields.has("last") == fields.has("step")) throw Error(name + " takes either 'last' or 'step' beside 'first'");
  const double gaps = static_cast<double>(std::max<std::int64_t>(count - 1, 1));
  const double step = fields.has("step") ? fields.number("step") : (fields.number("last") - first) / gaps;
  fields.refuse_others();
  std::vector<double> numbers(static_cast<std::size_t>(count));
  for (std::size_t n = 0; n < numbers.size(); ++n) numbers[n] = first + step * static_cast<double>(n);
  return numbers;
}

ScanKind kind_of(JsonFields& fields) {
  const Json& kind = fields.at("kind");
  const auto& names = scan_kind_names();
  const auto found = kind.is_string() ? std::find(names.begin(), names.end(), kind.get<std::string>()) : names.end();
  if (found == names.end()) {
    throw Error(fmt::format("kind is {}; there are {}", json_text(kind, -1), fmt::join(names, ", ")));
  }
  return static_cast<ScanKind>(found - names.begin());
}

bool is_curved(JsonFields& fields) {
  if (!fields.has("detector_shape")) return false;
  const Json& shape = fields.at("detector_shape");
  if (shape != "flat" && shape != "curved") throw Error("detector_shape is neither 'flat' nor 'curved'");
  return shape == "curved";
}

std::vector<Pose> poses_of(const Json& array) {
  if (!array.is_array()) throw Error(fmt::format("poses is {}, expected a list", json_kind(array)));
  std::vector<Pose> poses;
  for (const Json& json : array) {
    const std::string where = fmt::format("poses[{}]", poses.size());
    JsonFields fields(json, where);
    const auto point = [&](const char* key) { return point_of(fields.at(key), where + "." + key); };
    poses.push_back({point("source_mm"), point("detector_mm"), point("u_mm"), point("v_mm")});
    fields.refuse_others();
  }
  return poses;
}

void read_circle(JsonFields& fields, Geometry& geometry) {
  if (geometry.kind != ScanKind::parallel) {
    geometry.source_to_isocenter_mm = fields.number("source_to_isocenter_mm");
    geometry.source_to_detector_mm = fields.number("source_to_detector_mm");
  }
  geometry.column_spacing_mm = fields.number("column_spacing_mm");
  geometry.row_spacing_mm = geometry.detector_rows == 1 ? fields.number_or("row_spacing_mm", geometry.column_spacing_mm)
                                                        : fields.number("row_spacing_mm");
  geometry.column_offset_mm = fields.number_or("column_offset_mm", 0);
  geometry.row_offset_mm = fields.number_or("row_offset_mm", 0);
  geometry.detector_tilt_deg = fields.number_or("detector_tilt_deg", 0);
  if (geometry.kind == ScanKind::fan) geometry.curved_detector = is_curved(fields);
  geometry.angles_deg = sequence_of(fields.at("angles_deg"), "angles_deg");
  warn_of_radians(geometry);
}

Geometry with_views(const Geometry& geometry, const Json& json) {
  std::vector<std::int64_t> indices;
  for (const double number : sequence_of(json, "views")) {
    if (number != std::floor(number) || std::abs(number) > most_views)
      throw Error(fmt::format("views: {} is no view", number));
    indices.push_back(static_cast<std::int64_t>(number));
  }
  return subset(geometry, indices);
}

}  // namespace

Geometry geometry_from_json(const Json& json) {
  JsonFields fields(json, "a geometry");
  Geometry geometry;
  for (const char* key : {"$schema", "description"}) {  // for people and editors
    if (fields.has(key)) fields.at(key);
  }
  if (fields.has("gdm_geometry") && fields.at("gdm_geometry") != 1)
    throw Error("gdm_geometry is not 1, the only version");
  geometry.kind = kind_of(fields);
  geometry.detector_columns = fields.whole("detector_columns");
  geometry.detector_rows =
      fields.has("detector_rows") || geometry.kind == ScanKind::cone ? fields.whole("detector_rows") : 1;
  if (fields.has("isocenter_mm")) geometry.isocenter_mm = point_of(fields.at("isocenter_mm"), "isocenter_mm");
  if (geometry.kind == ScanKind::poses) {
    geometry.poses = poses_of(fields.at("poses"));
  } else {
    read_circle(fields, geometry);
  }
  if (fields.has("views")) geometry = with_views(geometry, fields.at("views"));
  fields.refuse_others();
  check(geometry);
  return geometry;
}

Json geometry_to_json(const Geometry& g) {
  Json json = {{"gdm_geometry", 1}, {"kind", scan_kind_names()[static_cast<std::size_t>(g.kind)]}};
  if (g.kind == ScanKind::fan || g.kind == ScanKind::cone) {
    json["source_to_isocenter_mm"] = g.source_to_isocenter_mm;
    json["source_to_detector_mm"] = g.source_to_detector_mm;
  }
  json["detector_columns"] = g.detector_columns;
  json["detector_rows"] = g.detector_rows;
  if (g.isocenter_mm) json["isocenter_mm"] = *g.isocenter_mm;
  if (g.kind == ScanKind::poses) {
    for (const Pose& p : g.poses) {
      json["poses"].push_back(
          {{"source_mm", p.source_mm}, {"detector_mm", p.detector_mm}, {"u_mm", p.u_mm}, {"v_mm", p.v_mm}});
    }
    return json;
  }
  json["column_spacing_mm"] = g.column_spacing_mm;
  json["row_spacing_mm"] = g.row_spacing_mm;
  json["column_offset_mm"] = g.column_offset_mm;
  json["row_offset_mm"] = g.row_offset_mm;
  json["detector_tilt_deg"] = g.detector_tilt_deg;
  if (g.kind == ScanKind::fan) json["detector_shape"] = g.curved_detector ? "curved" : "flat";
  json["angles_deg"] = g.angles_deg;
  return json;
}

}  // namespace gdm::ct
