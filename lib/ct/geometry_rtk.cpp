// RTK's XML has no attributes but a version, no nesting but projections, and no text but numbers; so much is read here.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <string>

#include "ct/geometry_file.hpp"
#include "image/vectors.hpp"
#include "sys/angle.hpp"
#include "sys/error.hpp"

namespace gdm::ct {
namespace {

using Values = std::map<std::string, std::vector<double>, std::less<>>;

/// "a b c" -> numbers.
std::vector<double> numbers_in(std::string_view text, std::string_view name) {
  std::vector<double> numbers;
  const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
  const char *at = text.data(), *end = at + text.size();
  while (true) {
    at = std::find_if_not(at, end, blank);
    if (at == end) return numbers;
    double number = 0;
    const auto parsed = std::from_chars(at, end, number);
    if (parsed.ec != std::errc() || !std::isfinite(number))
      throw Error(fmt::format("<{}> holds no finite number", name));
    numbers.push_back(number);
    at = parsed.ptr;
  }
}

/// The tags of the file in their order.
class Tags {
 public:
  explicit Tags(std::string_view xml) : rest_(xml) {}
  /// Content of the next <...>, declarations and comments left out; empty at the end. The text before it is text().
  std::string_view next() {
    while (true) {
      const std::size_t open = rest_.find('<');
      if (open == std::string_view::npos) return {};
      text_ = rest_.substr(0, open);
      rest_.remove_prefix(open);
      const bool comment = rest_.substr(0, 4) == "<!--";
      const std::size_t close = rest_.find(comment ? "-->" : ">");
      if (close == std::string_view::npos) throw Error("a tag of its XML is cut off");
      const std::string_view tag = rest_.substr(1, close - 1);
      rest_.remove_prefix(close + (comment ? 3 : 1));
      if (!comment && !tag.empty() && tag[0] != '?' && tag[0] != '!') return tag;
    }
  }
  std::string_view text() const { return text_; }

 private:
  std::string_view rest_, text_;
};

const std::array<const char*, 9> parameter_names{"SourceToIsocenterDistance",
                                                 "SourceToDetectorDistance",
                                                 "GantryAngle",
                                                 "ProjectionOffsetX",
                                                 "ProjectionOffsetY",
                                                 "InPlaneAngle",
                                                 "OutOfPlaneAngle",
                                                 "SourceOffsetX",
                                                 "SourceOffsetY"};

bool is_known(std::string_view name) {
  return name == "Matrix" || name == "RadiusCylindricalDetector" ||
         std::find(parameter_names.begin(), parameter_names.end(), name) != parameter_names.end();
}

/// Reads the text of <name> up to </name>.
void read_value(Tags& tags, const std::string& name, Values& values) {
  if (!is_known(name)) throw Error(fmt::format("<{}> of its XML is not supported", name));
  if (tags.next() != "/" + name) throw Error(fmt::format("<{}> of its XML does not end", name));
  values[name] = numbers_in(tags.text(), name);
  const std::size_t expected = name == "Matrix" ? 12 : 1;
  if (values[name].size() != expected) {
    throw Error(fmt::format("<{}> holds {} numbers, expected {}", name, values[name].size(), expected));
  }
}

double value_of(const Values& values, std::string_view name) {
  const auto found = values.find(name);
  return found == values.end() ? 0.0 : found->second[0];
}

/// Values of each projection; those told once for all stand in each.
std::vector<Values> projections_of(std::string_view xml) {
  Tags tags(xml);
  const std::string_view root = tags.next();
  if (root.substr(0, 25) != "RTKThreeDCircularGeometry") throw Error("its XML is not an RTKThreeDCircularGeometry");
  if (root.find("version=\"3\"") == std::string_view::npos) throw Error("its XML is not of version 3");
  Values common;
  std::vector<Values> projections;
  while (true) {
    const std::string name(tags.next());
    if (name == "/RTKThreeDCircularGeometry") return projections;
    if (name.empty()) throw Error("its XML is cut off");
    if (name != "Projection") {
      read_value(tags, name, common);
      continue;
    }
    projections.push_back(common);
    for (std::string inner(tags.next()); inner != "/Projection"; inner = tags.next()) {
      if (inner.empty()) throw Error("its XML is cut off");
      read_value(tags, inner, projections.back());
    }
  }
}

/// RTK's frame is IEC 61217's: x to the left, y superior, z anterior.
Point3 ras_of_rtk(const Point3& p) {
  return {-p[0], p[2], p[1]};
}

Point3 turned(const Point3& p, std::size_t a, std::size_t b, double degrees) {
  const double c = std::cos(degrees * radians_per_degree), s = std::sin(degrees * radians_per_degree);
  Point3 out = p;
  out[a] = c * p[a] - s * p[b];
  out[b] = s * p[a] + c * p[b];
  return out;
}

/// A point of the gantry, turned about z, then x, then y, in RTK's frame around the isocentre.
Point3 of_gantry(const Values& values, const Point3& p) {
  const Point3 in_plane = turned(p, 0, 1, value_of(values, "InPlaneAngle"));
  return turned(turned(in_plane, 1, 2, value_of(values, "OutOfPlaneAngle")), 2, 0, value_of(values, "GantryAngle"));
}

Pose pose_of(const Values& values, const Detector& d, const Point3& isocenter_mm) {
  const auto placed = [&](const Point3& p) { return sum(isocenter_mm, ras_of_rtk(of_gantry(values, p))); };
  const auto direction = [&](const Point3& p) { return ras_of_rtk(of_gantry(values, p)); };
  const double to_isocenter = value_of(values, "SourceToIsocenterDistance");
  const double x =
      value_of(values, "ProjectionOffsetX") - 0.5 * static_cast<double>(d.columns - 1) * d.column_spacing_mm;
  const double y = value_of(values, "ProjectionOffsetY") - 0.5 * static_cast<double>(d.rows - 1) * d.row_spacing_mm;
  Pose pose;
  pose.source_mm = placed({value_of(values, "SourceOffsetX"), value_of(values, "SourceOffsetY"), to_isocenter});
  pose.detector_mm = placed({x, y, to_isocenter - value_of(values, "SourceToDetectorDistance")});
  pose.u_mm = direction({d.column_spacing_mm, 0, 0});
  pose.v_mm = direction({0, d.row_spacing_mm, 0});
  return pose;
}

/// The matrix takes a point of the fixed frame to a position on the detector (mm, before the projection's offset).
void check_matrix(const Values& values, std::size_t number) {
  const auto found = values.find("Matrix");
  if (found == values.end()) return;
  const std::vector<double>& m = found->second;
  for (const Point3& p : {Point3{30, -20, 10}, Point3{-10, 40, 20}}) {
    const double to_detector = value_of(values, "SourceToDetectorDistance"),
                 to_isocenter = value_of(values, "SourceToIsocenterDistance");
    const Point3 gantry_x = of_gantry(values, {1, 0, 0}), gantry_y = of_gantry(values, {0, 1, 0}),
                 gantry_z = of_gantry(values, {0, 0, 1});
    const double magnified = to_detector / (to_isocenter - inner(p, gantry_z));
    const auto seen = [&](const Point3& axis, const char* source, const char* detector) {
      const double s = value_of(values, source);
      return s + (inner(p, axis) - s) * magnified - value_of(values, detector);
    };
    const double expected[2]{seen(gantry_x, "SourceOffsetX", "ProjectionOffsetX"),
                             seen(gantry_y, "SourceOffsetY", "ProjectionOffsetY")};
    const auto row = [&](std::size_t r) {
      return m[4 * r] * p[0] + m[4 * r + 1] * p[1] + m[4 * r + 2] * p[2] + m[4 * r + 3];
    };
    for (std::size_t r = 0; r < 2; ++r) {
      const double told = row(r) / row(2);
      constexpr double tolerated_mm = 0.01;
      if (!(std::abs(told - expected[r]) < tolerated_mm)) {
        throw Error(fmt::format("projection {}: its matrix and its other numbers disagree by {:.3g} mm on the detector",
                                number, std::abs(told - expected[r])));
      }
    }
  }
}

/// Views that a circle around the axis describes.
bool is_circle(const std::vector<Values>& projections) {
  return std::all_of(projections.begin(), projections.end(), [&](const Values& values) {
    for (const char* name : {"InPlaneAngle", "OutOfPlaneAngle", "SourceOffsetX", "SourceOffsetY"}) {
      if (std::abs(std::remainder(value_of(values, name), 360.0)) > 0) return false;
    }
    for (const char* name :
         {"SourceToIsocenterDistance", "SourceToDetectorDistance", "ProjectionOffsetX", "ProjectionOffsetY"}) {
      if (value_of(values, name) != value_of(projections[0], name)) return false;
    }
    return true;
  });
}

}  // namespace

Geometry geometry_from_rtk_xml(std::string_view xml, const Detector& detector, const Point3& isocenter_mm) {
  const std::vector<Values> projections = projections_of(xml);
  if (projections.empty()) throw Error("its XML has no projection");
  Geometry g;
  g.detector_columns = detector.columns;
  g.detector_rows = detector.rows;
  for (std::size_t n = 0; n < projections.size(); ++n) {
    const Values& values = projections[n];
    if (value_of(values, "RadiusCylindricalDetector") != 0) throw Error("a cylindrical detector is not supported");
    if (!(value_of(values, "SourceToIsocenterDistance") > 0) || !(value_of(values, "SourceToDetectorDistance") > 0)) {
      throw Error(
          fmt::format("projection {}: its distances are not above 0 (RTK's parallel beam is not supported)", n));
    }
    check_matrix(values, n);
  }
  if (is_circle(projections)) {
    g.kind = ScanKind::cone;
    g.source_to_isocenter_mm = value_of(projections[0], "SourceToIsocenterDistance");
    g.source_to_detector_mm = value_of(projections[0], "SourceToDetectorDistance");
    g.column_spacing_mm = detector.column_spacing_mm;
    g.row_spacing_mm = detector.row_spacing_mm;
    g.column_offset_mm = value_of(projections[0], "ProjectionOffsetX");
    g.row_offset_mm = value_of(projections[0], "ProjectionOffsetY");
    for (const Values& values : projections) g.angles_deg.push_back(value_of(values, "GantryAngle"));
    warn_of_radians(g);
  } else {
    g.kind = ScanKind::poses;
    g.isocenter_mm = isocenter_mm;
    for (const Values& values : projections) g.poses.push_back(pose_of(values, detector, isocenter_mm));
  }
  check(g);
  return g;
}

}  // namespace gdm::ct
