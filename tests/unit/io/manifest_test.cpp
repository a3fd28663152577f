// Manifests: round trip, relative paths, both forms, and a precise message for everything that is wrong.
#include <doctest/doctest.h>

#include "io/manifest.hpp"
#include "io/manifest_lines.hpp"
#include "io_fixture.hpp"

using namespace gdm_test;

namespace {

const std::string example = R"({
  "gdm_manifest": 1, "task": "mr2ct", "site": "B",
  "cases": [
    {"id": "a", "split": "train", "inputs": {"mr": "img/a mr.nii.gz", "fbp": "/abs/a.nii"}, "target": "../ct/a.nii.gz",
     "meta": {"patient": "p1", "age": 50.25}, "note": [1, {"x": null}]},
    {"id": "b", "split": "train", "target": "b.nii", "mask": "m.nii", "prediction": "p.nii", "error": "no memory",
     "meta": {"patient": "p1"}},
    {"id": "c"}
  ],
  "provenance": {"tool": "gdm-data"}
})";

std::string with_case(const std::string& text) {
  return R"({"gdm_manifest": 1, "task": "t", "cases": [{"id": "first", "split": "train"}, )" + text + "]}";
}

std::string parse_error(const std::string& text) {
  return error_of([&] { gdm::parse_manifest(text, "folder"); });
}

}  // namespace

TEST_CASE("manifest: everything that is read is written again, paths relative to the new folder") {
  const TemporaryFolder folder;
  gdm::make_folder(folder / "in");
  gdm::write_file(folder / "in/cases.json", example, gdm::Overwrite::refuse);
  const gdm::Manifest manifest = gdm::read_manifest(folder / "in/cases.json");
  CHECK(manifest.task == "mr2ct");
  REQUIRE(manifest.cases.size() == 3);
  const gdm::Case& a = manifest.cases[0];
  CHECK(a.patient() == "p1");
  CHECK(manifest.cases[2].patient() == "c");
  CHECK(a.input("mr") == folder / "in/img/a mr.nii.gz");
  CHECK(a.input("fbp") == "/abs/a.nii");
  CHECK(*a.target == folder / "ct/a.nii.gz");
  CHECK(*manifest.cases[1].error == "no memory");
  CHECK(manifest.split("train").size() == 2);
  CHECK(manifest.split("all").size() == 3);
  CHECK(contains(error_of([&] { manifest.split("test"); }), "no case in split 'test'; there are: 1 (none), 2 train"));
  CHECK(contains(error_of([&] { a.input("ct"); }), "case 'a': no input 'ct'; there is fbp, mr"));

  gdm::make_folder(folder / "out/deep");
  gdm::write_manifest(folder / "out/deep/cases.json", manifest, gdm::Overwrite::refuse);
  const auto written = gdm::Json::parse(gdm::read_file(folder / "out/deep/cases.json", 100000));
  CHECK(written["cases"][0]["inputs"]["mr"] == "../../in/img/a mr.nii.gz");
  CHECK(written["cases"][0]["target"] == "../../ct/a.nii.gz");
  CHECK(written["cases"][0]["note"].dump() == R"([1,{"x":null}])");
  CHECK(written["cases"][0]["meta"]["age"] == 50.25);
  CHECK(written["site"] == "B");
  CHECK(written["provenance"]["tool"] == "gdm-data");
  const gdm::Manifest again = gdm::read_manifest(folder / "out/deep/cases.json");
  CHECK(gdm::manifest_text(again, folder.path()) == gdm::manifest_text(manifest, folder.path()));
  CHECK(contains(error_of([&] { gdm::write_manifest(folder / "no/x.json", manifest, gdm::Overwrite::refuse); }),
                 "no/x.json"));
}

TEST_CASE("manifest: relative paths are right behind symbolic links") {
  const TemporaryFolder folder;
  gdm::make_folder(folder / "store/run1");
  fs::create_directory_symlink("store/run1", folder / "current");
  put_file(folder / "store/a.nii", "x", 1);
  gdm::Manifest manifest;
  manifest.task = "t";
  manifest.cases.emplace_back();
  manifest.cases[0].id = "a";
  manifest.cases[0].target = folder / "store/a.nii";
  gdm::write_manifest(folder / "current/m.json", manifest, gdm::Overwrite::refuse);
  const gdm::Manifest again = gdm::read_manifest(folder / "store/run1/m.json");
  CHECK(*again.cases[0].target == folder / "store/a.nii");
}

TEST_CASE("manifest: one case per line, with and without a first line") {
  const std::string header = R"({"gdm_manifest": 1, "task": "mr2ct", "site": 3})";
  const std::string lines = "{\"id\": \"a\", \"target\": \"a.nii\"}\n\n{\"id\": \"b\"}\n";
  const gdm::Manifest full = gdm::parse_manifest(header + "\n" + lines, "d");
  CHECK(full.task == "mr2ct");
  CHECK(full.extra["site"] == 3);
  REQUIRE(full.cases.size() == 2);
  CHECK(*full.cases[0].target == "d/a.nii");
  CHECK(gdm::parse_manifest(lines, "d").cases.size() == 2);
  CHECK(gdm::parse_manifest("{\"id\": \"b\"}", "d").cases.size() == 1);
  CHECK(gdm::parse_manifest(R"({"gdm_manifest": 1, "task": "t", "cases": []})", "d").cases.empty());
  CHECK(contains(parse_error(lines + "{\"id\": \"a\"}"), "case 3 'a': the id is given twice"));
  CHECK(contains(parse_error(lines + "{\"id\": "), "manifest:4: not valid JSON"));
  CHECK(contains(parse_error(R"({"gdm_manifest": 2})"
                             "\n" +
                             lines),
                 "'gdm_manifest' is 2, expected 1"));
}

TEST_CASE("manifest: what is wrong is named with its case") {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"", "is empty"},
      {"   \n", "is empty"},
      {"[]", "is an array, expected a manifest object"},
      {"{\"a\": 1, \"a\": 2}", "'a' is given twice"},
      {"{}", "has no 'gdm_manifest'"},
      {R"({"gdm_manifest": "1", "task": "t", "cases": []})", "'gdm_manifest' is \"1\", expected 1"},
      {R"({"gdm_manifest": 1.0, "task": "t", "cases": []})", "expected 1"},
      {R"({"gdm_manifest": 1, "cases": []})", "has no 'task'"},
      {R"({"gdm_manifest": 1, "task": 5, "cases": []})", "'task' is a number, expected a string"},
      {R"({"gdm_manifest": 1, "task": "t", "cases": {}})", "'cases' is an object, expected an array"},
      {R"({"gdm_manifest": 1, "task": "t", "cases": [], "provenance": 1})", "'provenance' is a number"},
      {with_case("5"), "case 2: is a number, expected an object"},
      {with_case(R"({"split": "val"})"), "case 2: has no 'id'"},
      {with_case(R"({"id": 7})"), "case 2: 'id' is a number"},
      {with_case(R"({"id": ""})"), "case 2: 'id' is empty"},
      {with_case(R"({"id": "a/b"})"), "case 2: 'id' contains '/'"},
      {with_case(R"({"id": ".."})"), "case 2: 'id' cannot be a file name"},
      {with_case(R"({"id": "first"})"), "case 2 'first': the id is given twice"},
      {with_case(R"({"id": "x", "split": "dev"})"), "case 2 'x': 'split' is 'dev', expected train, val or test"},
      {with_case(R"({"id": "x", "inputs": []})"), "case 2 'x': 'inputs' is an array, expected an object"},
      {with_case(R"({"id": "x", "inputs": {"mr": 1}})"), "'inputs.mr' is a number, expected a string"},
      {with_case(R"({"id": "x", "target": ""})"), "case 2 'x': 'target' is empty"},
      {with_case(R"({"id": "x", "mask": null})"), "case 2 'x': 'mask' is null, expected a string"},
      {with_case(R"({"id": "x", "meta": "m"})"), "case 2 'x': 'meta' is a string, expected an object"},
      {with_case(R"({"id": "x", "meta": {"patient": 3}})"), "'meta.patient' is a number"},
      {with_case(R"({"id": "x", "split": "test", "meta": {"patient": "first"}})"),
       "case 2 'x': patient 'first' is in split test here and in train as 'first'"},
      {with_case(std::string(1000, '[')), "nested deeper than"},
      {with_case("{\"id\": \"\xff\"}"), "not valid JSON"},
  };
  for (const auto& [text, message] : wrong) {
    const std::string found = parse_error(text);
    CHECK_MESSAGE(contains(found, message), found);
  }
  const TemporaryFolder folder;
  put_file(folder / "m.json", "{", 1);
  CHECK(contains(error_of([&] { gdm::read_manifest(folder / "m.json"); }), "m.json: not valid JSON: parse error at"));
}

TEST_CASE("manifest: a text cut anywhere is refused") {
  for (std::size_t size = 0; size < example.size(); ++size) {
    CHECK_MESSAGE(parse_error(example.substr(0, size)) != "no error", size);
  }
  CHECK(parse_error(example) == "no error");
}

TEST_CASE("manifest: the line on which each case begins") {
  using Lines = std::vector<std::size_t>;
  CHECK(gdm::case_lines(example) == Lines{4, 6, 8});
  CHECK(gdm::case_lines(R"({"cases": []})").empty());
  CHECK(gdm::case_lines("{}").empty());
  // Keys and brackets in strings, an inner "cases", a value "cases", escapes, elements that are not objects.
  CHECK(gdm::case_lines("{\"a\": \"\\\"cases\\\": [\", \"b\":\n{\"cases\": [1,\n2]}, \"c\": \"cases\",\n\"d\": [3],\n"
                        "\"cases\":\n[\n{\"id\": \"]}\\\\\"},\n\n5, [\n6, {}],{\n}\n], \"e\": [7,\n8]}") ==
        Lines{7, 9, 9, 10});
  const gdm::Manifest manifest = gdm::parse_manifest(example, "folder", "cases.json");
  CHECK(manifest.cases[1].place("cases.json") == "cases.json:6: case 2 'b'");
  CHECK(gdm::Case().place("x") == "x: case 0");
  const gdm::Manifest lines = gdm::parse_manifest("{\"id\": \"a\"}\n\n{\"id\": \"b\"}\n", "");
  CHECK(lines.cases[1].line == 3);
  CHECK(lines.cases[1].number == 2);
}

TEST_CASE("manifest: messages begin with file and line") {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& text) {
    put_file(folder / "m.json", text.data(), text.size());
    const std::string error = error_of([&] { gdm::read_manifest(folder / "m.json"); });
    const std::size_t name = error.find("m.json:");
    return name == std::string::npos ? error : error.substr(name);
  };
  const std::string head =
      "{\"gdm_manifest\": 1, \"task\": \"t\", \"cases\": [\n{\"id\": \"a\", \"split\": \"val\"},\n";
  CHECK(message(head + "{\"id\": \"b\",\n\"mask\": 1}]}") ==
        "m.json:3: case 2 'b': 'mask' is a number, expected a string");
  CHECK(message(head + "{\"id\": \"\"}]}") == "m.json:3: case 2: 'id' is empty");
  CHECK(message(head + "\n{\"id\": \"a\"}]}") == "m.json:4: case 2 'a': the id is given twice, first in line 2");
  CHECK(message(head + "{\"id\": \"b\", \"split\": \"test\", \"meta\": {\"patient\": \"a\"}}]}") ==
        "m.json:3: case 2 'b': patient 'a' is in split test here and in val as 'a' in line 2");
  CHECK(message("{\"id\": \"a\"}\n{\"id\": 5}\n") == "m.json:2: case 2: 'id' is a number, expected a string");
  CHECK(message("{\"id\": \"a\"}\n{\"id\": \"b\"\n").find("m.json:2: not valid JSON") == 0);
}

TEST_CASE("manifest: JSON lines cut at a line end are noticed where the first line states the number") {
  const std::string head = "{\"gdm_manifest\": 1, \"task\": \"t\", \"cases\": 2}\n";
  const std::string whole = head + "{\"id\": \"a\"}\n{\"id\": \"b\"}\n";
  const gdm::Manifest manifest = gdm::parse_manifest(whole, "");
  CHECK(manifest.cases.size() == 2);
  CHECK(manifest.extra.empty());
  for (std::size_t size = 0; size < whole.size() - 1; ++size) {  // the last line end may be missing
    CHECK_MESSAGE(parse_error(whole.substr(0, size)) != "no error", size);
  }
  CHECK(contains(parse_error(head), "is cut or incomplete: 0 cases, expected the 2"));
  CHECK(contains(parse_error(whole + "{\"id\": \"c\"}"), "3 cases, expected the 2"));
  for (const char* count : {"-1", "1.5", "[]", "\"2\""}) {
    const std::string text = "{\"gdm_manifest\": 1, \"cases\": " + std::string(count) + "}\n{\"id\": \"a\"}\n";
    CHECK(contains(parse_error(text), "manifest:1: 'cases' is not a number"));
  }
}

TEST_CASE("manifest: 20,000 cases") {
  const TemporaryFolder folder;
  gdm::Manifest manifest;
  manifest.task = "mr2ct";
  for (int n = 0; n < 20000; ++n) {
    gdm::Case item;
    item.id = "case" + std::to_string(n);
    item.split = "train";
    item.inputs["mr"] = folder / ("data/" + item.id + "_mr.nii.gz");
    item.target = folder / ("data/" + item.id + "_ct.nii.gz");
    manifest.cases.push_back(std::move(item));
  }
  gdm::write_manifest(folder / "m.json", manifest, gdm::Overwrite::refuse);
  const gdm::Manifest again = gdm::read_manifest(folder / "m.json");
  REQUIRE(again.cases.size() == 20000);
  CHECK(again.cases.back().target == manifest.cases.back().target);
  CHECK(again.cases.back().number == 20000);
}
