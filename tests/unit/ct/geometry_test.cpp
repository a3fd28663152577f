// Geometries: the frame and its angles, files of gdm and of RTK, what follows from them, and what is refused.
#include "ct/geometry.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "ct/geometry_file.hpp"
#include "image/vectors.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

using namespace gdm;

namespace {

Json cone_json() {
  return Json::parse(R"({"kind": "cone", "source_to_isocenter_mm": 1000, "source_to_detector_mm": 1500,
    "detector_columns": 101, "detector_rows": 51, "column_spacing_mm": 2, "row_spacing_mm": 3,
    "angles_deg": {"first": 0, "step": 90, "count": 4}})");
}

void check_point(const Point3& found, const Point3& expected) {
  for (std::size_t r = 0; r < 3; ++r) CHECK(found[r] == doctest::Approx(expected[r]).epsilon(1e-9));
}

std::string refusal(const Json& json) {
  try {
    ct::geometry_from_json(json);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// What RTK 2.7 writes for a gantry that is turned about all axes and shifted.
const char* const turned_xml = R"(<?xml version="1.0"?>
<!DOCTYPE RTKGEOMETRY>
<RTKThreeDCircularGeometry version="3">
  <Projection>
    <GantryAngle>77</GantryAngle>
    <SourceToIsocenterDistance>990</SourceToIsocenterDistance>
    <SourceToDetectorDistance>1530</SourceToDetectorDistance>
    <SourceOffsetX>4</SourceOffsetX>
    <SourceOffsetY>-3</SourceOffsetY>
    <ProjectionOffsetX>12</ProjectionOffsetX>
    <ProjectionOffsetY>-5</ProjectionOffsetY>
    <InPlaneAngle>358.5</InPlaneAngle>
    <OutOfPlaneAngle>2.5</OutOfPlaneAngle>
    <Matrix>
        -350.142501226146    40.3615665886567    1488.87043518824               14040
        -72.0674662925481   -1528.10722401814    24.4661440721711               -6570
        0.973442680386289  -0.043619387365336   0.224736950785202                -990
    </Matrix>
  </Projection>
</RTKThreeDCircularGeometry>
)";

}  // namespace

TEST_CASE("ct geometry: at angle 0 the source is anterior, at 90 degrees at the patient's left") {
  const ct::PosedScan scan(ct::geometry_from_json(cone_json()), {10, 20, 30});
  check_point(scan.pose(0).source_mm, {10, 1020, 30});
  check_point(scan.pose(1).source_mm, {10 - 1000, 20, 30});
  const ct::Ray centre = scan.ray(1, 50, 25), left = scan.ray(0, 51, 25), up = scan.ray(0, 50, 26);
  check_point(centre.element_mm, {10 + 500, 20, 30});
  check_point(left.element_mm, {10 - 2, 20 - 500, 30});
  check_point(up.element_mm, {10, 20 - 500, 33});
}

TEST_CASE("ct geometry: offsets, tilt and curved detectors move the elements as they say") {
  Json json = cone_json();
  json["column_offset_mm"] = 7;
  json["row_offset_mm"] = -4;
  json["detector_tilt_deg"] = 90;
  const ct::PosedScan scan(ct::geometry_from_json(json), {0, 0, 0});
  check_point(scan.ray(0, 50, 25).element_mm, {-7, -500, -4});
  check_point(scan.ray(0, 51, 25).element_mm, {-7, -500, -2});  // u has turned to where v was
  Json fan = cone_json();
  fan["kind"] = "fan";
  fan["detector_shape"] = "curved";
  const ct::PosedScan arc(ct::geometry_from_json(fan), {0, 0, 0});
  for (const double u : {0.0, 50.0, 80.0}) {
    const ct::Ray ray = arc.ray(2, u, 30);
    CHECK(length(difference(ray.element_mm, ray.source_mm)) == doctest::Approx(1500));
    CHECK(ray.source_mm[2] == doctest::Approx(15));
    CHECK(ray.element_mm[2] == doctest::Approx(15));
  }
  const Point3 a = difference(arc.ray(2, 50, 25).element_mm, arc.ray(2, 50, 25).source_mm);
  const Point3 b = difference(arc.ray(2, 80, 25).element_mm, arc.ray(2, 80, 25).source_mm);
  CHECK(std::acos(inner(a, b) / 1500 / 1500) == doctest::Approx(60.0 / 1500));
  CHECK(b[0] > 0);  // at 180 degrees columns count to the right
}

TEST_CASE("ct geometry: rays of a parallel beam are perpendicular to the detector and meet its elements") {
  Json json = cone_json();
  json["kind"] = "parallel";
  json.erase("source_to_isocenter_mm");
  json.erase("source_to_detector_mm");
  const ct::PosedScan scan(ct::geometry_from_json(json), {5, 6, 7});
  const ct::Ray ray = scan.ray(1, 60, 26);  // from the left, 20 mm towards posterior
  const Point3 along = difference(ray.element_mm, ray.source_mm);
  CHECK(along[0] > 0);
  CHECK(along[1] / along[0] == doctest::Approx(0));
  CHECK(ray.element_mm[1] == doctest::Approx(6 - 20));
  CHECK(ray.element_mm[2] == doctest::Approx(7 + 3));
}

TEST_CASE("ct geometry: a JSON file survives being read and written, and views are chosen") {
  for (const char* kind : {"parallel", "fan", "cone"}) {
    Json json = cone_json();
    json["kind"] = kind;
    if (json["kind"] == "parallel") {
      json.erase("source_to_isocenter_mm");
      json.erase("source_to_detector_mm");
    }
    json["isocenter_mm"] = {1, 2, 3};
    const Json written = ct::geometry_to_json(ct::geometry_from_json(json));
    CHECK(ct::geometry_to_json(ct::geometry_from_json(written)) == written);
    CHECK(written["angles_deg"] == Json({0.0, 90.0, 180.0, 270.0}));
  }
  Json some = cone_json();
  some["angles_deg"] = {{"first", 0}, {"last", 180}, {"count", 181}};
  some["views"] = {{"first", 1}, {"step", 60}, {"count", 3}};
  CHECK(ct::geometry_from_json(some).angles_deg == std::vector<double>{1, 61, 121});
  some["views"] = {180, 0};
  CHECK(ct::geometry_from_json(some).angles_deg == std::vector<double>{180, 0});
  some["views"] = {181};
  CHECK(refusal(some).find("no view 181") != std::string::npos);
}

TEST_CASE("ct geometry: what no scan can have is refused with the reason") {
  const auto without = [](const char* key) {
    Json json = cone_json();
    json.erase(key);
    return refusal(json);
  };
  const auto with = [](const char* key, const Json& value) {
    Json json = cone_json();
    json[key] = value;
    return refusal(json);
  };
  CHECK(without("angles_deg").find("lacks 'angles_deg'") != std::string::npos);
  CHECK(without("detector_rows").find("lacks 'detector_rows'") != std::string::npos);
  CHECK(with("angle_deg", 3).find("no use for 'angle_deg'") != std::string::npos);
  CHECK(with("detector_shape", "curved").find("no use for") != std::string::npos);
  CHECK(with("angles_deg", {0, nullptr}).find("angles_deg[1] is null") != std::string::npos);
  CHECK(with("angles_deg", {0, "90"}).find("angles_deg[1] is a string") != std::string::npos);
  CHECK(with("angles_deg", Json::array()).find("no view") != std::string::npos);
  CHECK(with("angles_deg", {{"first", 0}, {"last", 1}, {"step", 1}, {"count", 2}}).find("either") != std::string::npos);
  CHECK(with("source_to_detector_mm", 900).find("900") != std::string::npos);
  CHECK(with("column_spacing_mm", 0).find("more than 0") != std::string::npos);
  CHECK(with("detector_columns", 1.5).find("whole number") != std::string::npos);
  CHECK(with("kind", "helical").find("parallel, fan, cone, poses") != std::string::npos);
  ct::Geometry g = ct::geometry_from_json(cone_json());
  g.angles_deg[2] = NAN;
  CHECK_THROWS_AS(ct::PosedScan(g, {0, 0, 0}), Error);
  const Json poses = Json::parse(R"({"kind": "poses", "detector_columns": 2, "poses":
    [{"source_mm": [0, 0, 9], "detector_mm": [0, 0, 0], "u_mm": [1, 0, 0], "v_mm": [2, 0, 0]}]})");
  CHECK(refusal(poses).find("span no detector") != std::string::npos);
}

TEST_CASE("ct geometry: angles that look like radians are warned of, and degrees are not") {
  const auto warnings = [](double last, int count) {
    Json json = cone_json();
    json["angles_deg"] = {{"first", 0}, {"last", last}, {"count", count}};
    WarningCapture capture;
    ct::geometry_from_json(json);
    return capture.warnings().size();
  };
  CHECK(warnings(6.28, 60) == 1);
  CHECK(warnings(3.1, 11) == 1);
  CHECK(warnings(6.0, 10) == 0);
  CHECK(warnings(360, 60) == 0);
}

TEST_CASE("ct geometry: figures follow from similar triangles") {
  Json json = cone_json();
  json["column_offset_mm"] = 20;
  const ct::ScanFigures cone = ct::figures_of(ct::PosedScan(ct::geometry_from_json(json), {1, 2, 3}));
  CHECK(cone.magnification == doctest::Approx(1.5));
  CHECK(cone.field_of_view_radius_mm == doctest::Approx(1000 * std::sin(std::atan(81.0 / 1500))));
  CHECK(cone.extended_radius_mm == doctest::Approx(1000 * std::sin(std::atan(121.0 / 1500))));
  CHECK(cone.voxel_across_mm == doctest::Approx(2 / 1.5));
  CHECK(cone.voxel_along_mm == doctest::Approx(2.0));
  json["kind"] = "fan";
  const ct::ScanFigures fan = ct::figures_of(ct::PosedScan(ct::geometry_from_json(json), {1, 2, 3}));
  CHECK(fan.voxel_along_mm == doctest::Approx(3.0));
  CHECK(fan.field_of_view_height_mm == doctest::Approx(51 * 3));
}

TEST_CASE("ct geometry: RTK's XML gives its source, its detector and its matrix") {
  const ct::Detector detector{11, 5, 2, 3};
  const ct::Geometry g = ct::geometry_from_rtk_xml(turned_xml, detector, {100, 0, 0});
  REQUIRE(g.kind == ct::ScanKind::poses);
  const ct::PosedScan scan(g, {0, 0, 0});
  // RTK's GetSourcePosition says (964.458, -46.284, 218.640) in its frame: left, superior, anterior.
  check_point(scan.pose(0).source_mm, {100 - 964.4581730492052, 218.6395006808359, -46.28391924442064});
  const Point3 seen = scan.ray(0, 5, 2).element_mm;  // the matrix takes a point to a place on the detector
  const Point3 rtk{-(seen[0] - 100), seen[2], seen[1]};
  const double w = 0.973442680386289 * rtk[0] - 0.043619387365336 * rtk[1] + 0.224736950785202 * rtk[2] - 990;
  CHECK(std::abs((-350.142501226146 * rtk[0] + 40.3615665886567 * rtk[1] + 1488.87043518824 * rtk[2] + 14040) / w) <
        1e-6);
  CHECK(std::abs((-72.0674662925481 * rtk[0] - 1528.10722401814 * rtk[1] + 24.4661440721711 * rtk[2] - 6570) / w) <
        1e-6);
}

TEST_CASE("ct geometry: a circle of RTK's is a cone, and other XML is refused") {
  const std::string head =
      "<RTKThreeDCircularGeometry version=\"3\"><SourceToIsocenterDistance>1000</SourceToIsocenterDistance>";
  const std::string sdd = "<SourceToDetectorDistance>1500</SourceToDetectorDistance>";
  const std::string end = "</RTKThreeDCircularGeometry>";
  const std::string view = "<Projection><GantryAngle>30</GantryAngle></Projection>";
  const ct::Detector detector{11, 5, 2, 3};
  const ct::Geometry g = ct::geometry_from_rtk_xml(head + sdd + view + view + end, detector);
  CHECK(g.kind == ct::ScanKind::cone);
  CHECK(g.angles_deg == std::vector<double>{30, 30});
  CHECK(g.source_to_detector_mm == 1500);
  std::string turn;
  for (int n = 0; n < 12; ++n)
    turn += "<Projection><GantryAngle>0." + std::to_string(n + 10) + "</GantryAngle></Projection>";
  WarningCapture capture;
  ct::geometry_from_rtk_xml(head + sdd + turn + end, detector);
  CHECK(capture.warnings().size() == 1);  // radians
  for (const std::string& xml :
       {head + view + end, head + sdd + end, head + sdd + view, head + sdd + view.substr(0, 30),
        head + sdd + "<Colour>1</Colour>" + view + end, std::string("<html></html>"),
        head + sdd + "<GantryAngle>nan</GantryAngle>" + view + end, std::string()}) {
    CHECK_THROWS_AS(ct::geometry_from_rtk_xml(xml, detector), Error);
  }
  std::string other = turned_xml;
  other.replace(other.find("14040"), 5, "14140");
  CHECK_THROWS_AS(ct::geometry_from_rtk_xml(other, detector), Error);
}
