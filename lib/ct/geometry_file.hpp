// Geometry files: gdm's own JSON (share/gdm/ct-geometry.schema.json), and the circular geometry that RTK writes as XML.
#pragma once

#include <filesystem>
#include <string_view>

#include "ct/geometry.hpp"
#include "io/json.hpp"

namespace gdm::ct {

/// Throws Error that names the key: unknown, missing, of another kind of scan, or not possible. Warns of angles that
/// look like radians.
Geometry geometry_from_json(const Json& json);

/// Every angle is written, so that what a file abbreviates reads the same.
Json geometry_to_json(const Geometry& geometry);

/// Detector of a scan whose file does not tell it, as RTK's does not.
struct Detector {
  std::int64_t columns = 0, rows = 0;
  double column_spacing_mm = 0, row_spacing_mm = 0;
};

/// Of RTK's ThreeDCircularProjectionGeometry, version 3 of its XML. RTK turns the source about its y axis, from z
/// towards x, in IEC 61217's fixed frame; its x, y and z are the patient's left, superior and anterior here, and so its
/// gantry angle is ours, its columns and rows are ours, and its projection offsets are the detector's. RTK's origin is
/// the isocentre. Views that share distances and offsets and are not turned otherwise give a cone; all else gives
/// poses, whose isocentre is `isocenter_mm` (world). Matrices are held against the other numbers. Throws Error for
/// another version, a cylindrical detector, unknown elements, text that is not such XML, and matrices that disagree.
/// Warns of angles that look like radians.
Geometry geometry_from_rtk_xml(std::string_view xml, const Detector& detector, const Point3& isocenter_mm = {0, 0, 0});

/// More than ten views of a circle within one turn of radians, which a file meant in degrees hardly has.
void warn_of_radians(const Geometry& geometry);

/// Either by content; `detector` is for RTK's alone, and must be null for JSON. Throws Error naming the file.
Geometry read_geometry(const std::filesystem::path& path, const Detector* detector = nullptr);

}  // namespace gdm::ct
