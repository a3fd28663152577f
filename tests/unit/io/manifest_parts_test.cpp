// Manifests of shards: told by their names, complete or refused, joined in the order that they were cut from.
#include <doctest/doctest.h>

#include <fstream>

#include "io/manifest_parts.hpp"
#include "io_fixture.hpp"

using namespace gdm;

namespace {

void part(const fs::path& path, const std::vector<std::string>& ids, const std::string& source = "s",
          const std::string& task = "mr2ct") {
  Manifest manifest;
  manifest.task = task;
  for (const std::string& id : ids) manifest.cases.emplace_back().id = id;
  manifest.provenance = {{"sources", {{{"name", "m.json"}, {"sha256", source}}}}};
  write_manifest(path, manifest, Overwrite::replace);
}

std::string message_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

bool says(const std::string& message, const std::string& what) {
  INFO(message);
  CHECK(message.find(what) != std::string::npos);
  return message.find(what) != std::string::npos;
}

std::string ids_of(const Manifest& manifest) {
  std::string ids;
  for (const Case& item : manifest.cases) ids += item.id;
  return ids;
}

}  // namespace

TEST_CASE("the parts of a batch are one manifest, in the order of the cases before they were cut") {
  const gdm_test::TemporaryFolder folder;
  part(folder / "manifest-1-of-3.json", {"a", "d", "g"});
  part(folder / "manifest-2-of-3.json", {"b", "e"});
  part(folder / "manifest-3-of-3.json", {"c", "f"});
  part(folder / "manifest.json", {"x"});
  const fs::path whole = folder / "manifest-*-of-3.json";
  const auto folded = fold_parts({{"", folder / "manifest-2-of-3.json"},
                                  {"m", folder / "manifest.json"},
                                  {"", folder / "manifest-3-of-3.json"},
                                  {"", folder / "manifest-1-of-3.json"},
                                  {"", "-"}});
  REQUIRE(folded.size() == 3);
  CHECK(folded[0].path == whole);
  CHECK(folded[1].name == "m");
  CHECK(folded[2].path == "-");
  CHECK(part_files(whole).size() == 3);
  CHECK(part_files(folder / "manifest.json").front() == folder / "manifest.json");
  CHECK(ids_of(read_whole_manifest(whole)) == "abcdefg");
  const auto pattern = fold_parts({{"new", folder / "manifest-*-of-*.json"}});
  REQUIRE(pattern.size() == 1);
  CHECK(pattern[0].path == whole);
  CHECK(pattern[0].name == "new");
}

TEST_CASE("a part that is missing, doubled, or of another name is refused") {
  const gdm_test::TemporaryFolder folder;
  for (int n = 1; n <= 3; ++n) part(folder / ("manifest-" + std::to_string(n) + "-of-3.json"), {std::to_string(n)});
  const fs::path one = folder / "manifest-1-of-3.json", two = folder / "manifest-2-of-3.json",
                 three = folder / "manifest-3-of-3.json";
  says(message_of([&] { fold_parts({{"", one}, {"", three}}); }), "1 of 3 parts missing: manifest-2-of-3.json");
  says(message_of([&] { fold_parts({{"", one}}); }), "2 of 3 parts missing");
  says(message_of([&] {
         fold_parts({{"", one}, {"", two}, {"", three}, {"", folder.path() / "." / "manifest-1-of-3.json"}});
       }),
       "is given twice");
  says(message_of([&] { fold_parts({{"a", one}, {"b", two}, {"a", three}}); }), "have one name");
  CHECK(fold_parts({{"a", one}, {"", two}, {"a", three}}).front().name == "a");
  fs::remove(two);
  says(message_of([&] { fold_parts({{"", folder / "manifest-*-of-3.json"}}); }), "manifest-2-of-3.json");
  // Other names are no parts, whatever they look like.
  for (const char* name :
       {"manifest-0-of-3.json", "manifest-4-of-3.json", "manifest-01-of-3.json", "manifest-1-of-3.jsonl",
        "manifest-1-of-.json", "xmanifest-1-of-3.json", "manifest-1-of-3-x.json"}) {
    CHECK(fold_parts({{"", folder / name}}).front().path == folder / name);
  }
}

TEST_CASE("parts that are not of one batch are refused") {
  const gdm_test::TemporaryFolder folder;
  const fs::path one = folder / "manifest-1-of-2.json", two = folder / "manifest-2-of-2.json",
                 whole = folder / "manifest-*-of-2.json";
  const auto read = [&] { return message_of([&] { read_whole_manifest(whole); }); };
  part(one, {"a", "c"});
  part(two, {"b"});
  CHECK(read() == "");
  part(two, {"a"});
  says(read(), "case 'a' is in manifest-1-of-2.json, too");
  part(two, {"b", "d", "e"});
  says(read(), "expected");
  part(two, {"b"}, "another");
  says(read(), "made from another manifest or model");
  part(two, {"b"}, "s", "sparse-ct");
  says(read(), "of task 'sparse-ct'");
  fs::remove(two);
  says(read(), "manifest-2-of-2.json");
  part(one, {});
  part(two, {});
  CHECK(read() == "");
}
