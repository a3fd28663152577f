// The tissue table: what the standard one holds, and what is refused.
#include "phantom/tissue.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "sys/atomic_file.hpp"
#include "sys/error.hpp"

using namespace gdm;
using namespace gdm::phantom;

namespace {

Json standard_json() {
  return parse_json(read_file(standard_tissues_path(), 1 << 20));
}

/// The refusal of the standard table after a change.
std::string refusal(const std::function<void(Json&)>& change) {
  Json json = standard_json();
  change(json);
  try {
    tissues_from_json(json, "t.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("tissues: the standard table has every tissue of the anatomies, and its values arrive") {
  const TissueTable& table = standard_tissues();
  CHECK_NOTHROW(table.procedural_places());
  const TissueEntry& white = table.tissues[table.place("white_matter")];
  CHECK(white.relaxation[static_cast<std::size_t>(FieldStrength::tesla_1_5)].t1_ms == 656);
  CHECK(white.relaxation[static_cast<std::size_t>(FieldStrength::tesla_3)].t2star_ms == 53);
  CHECK(white.hu == 29);
  CHECK(white.kind == TissueKind::soft);
  CHECK(table.tissues[table.place("compact_bone")].kind == TissueKind::bone);
  CHECK(table.tissues.front().kind == TissueKind::air);
  const TissueEntry& muscle = table.tissues[table.place("muscle")];
  REQUIRE(muscle.parts.size() == 4);
  CHECK(muscle.parts[0].of == TissuePart::Of::labels);
  CHECK(muscle.parts[0].labels == std::vector<std::int64_t>{506});
  CHECK(muscle.parts[1].of == TissuePart::Of::body_surface);
  CHECK_FALSE(muscle.parts[1].beyond);
  CHECK(muscle.parts[3].share == doctest::Approx(0.13));
  CHECK_THROWS_WITH(table.place("wood"), doctest::Contains("no tissue 'wood'"));
  CHECK(tesla(FieldStrength::tesla_3) == 3.0);
}

TEST_CASE("tissues: a table with a mistake is refused by the tissue's name and the mistake") {
  CHECK(refusal([](Json&) {}) == "accepted");
  CHECK(refusal([](Json& j) { j["tissues"][2].erase("t1_ms"); }) == "tissue 'fat': tissues[2] lacks 't1_ms'");
  CHECK(refusal([](Json& j) { j["tissues"][2]["colour"] = 1; }) == "tissue 'fat': tissues[2] has no use for 'colour'");
  CHECK(refusal([](Json& j) { j["tissues"][2]["hu"]["mean"] = "x"; }).find("mean is a string") != std::string::npos);
  CHECK(refusal([](Json& j) { j["tissues"][2]["hu"].erase("source"); }).find("lacks 'source'") != std::string::npos);
  CHECK(refusal([](Json& j) { j["tissues"][2]["t2_ms"]["3"] = -4; }).find("3 is -4") != std::string::npos);
  CHECK(refusal([](Json& j) { j["tissues"][2]["labels"] = {511}; }) == "label 511 is given twice: 'skin' and 'fat'");
  CHECK(refusal([](Json& j) { j["tissues"][3]["labels"] = {-1}; }).find("holds -1") != std::string::npos);
  CHECK(refusal([](Json& j) { j["tissues"][2]["name"] = "skin"; }) == "tissue 'skin' is given twice");
  CHECK(refusal([](Json& j) { j["tissues"][2]["kind"] = "wood"; }).find("'wood' is none of") != std::string::npos);
  CHECK(refusal([](Json& j) { j["tissues"].erase(0); }).find("the first tissue") != std::string::npos);
  CHECK(refusal([](Json& j) { j["gdm_tissues"] = 2; }).find("only version") != std::string::npos);
  CHECK(refusal([](Json& j) { j["extra"] = 2; }) == "a tissue table has no use for 'extra'");
  CHECK(refusal([](Json& j) { j["tissues"][3]["parts"][0]["tissue"] = "wood"; }).find("no tissue 'wood'") !=
        std::string::npos);
  CHECK(refusal([](Json& j) { j["tissues"][3]["parts"][0]["beyond_mm"] = 3; }).find("either") != std::string::npos);
  CHECK(refusal([](Json& j) { j["tissues"][3]["parts"][0]["of"] = "hat"; }).find("neither") != std::string::npos);
  CHECK(refusal([](Json& j) { j["tissues"][3]["parts"][0]["scal_mm"] = 3; }).find("no use for") != std::string::npos);
}
