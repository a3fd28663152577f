// What stands where a volume or a manifest was expected is named by its content.
#include <doctest/doctest.h>

#include <string>

#include "io/content_kind.hpp"
#include "io/known_sidecar.hpp"
#include "io/manifest.hpp"
#include "io/nifti/nifti.hpp"
#include "io_fixture.hpp"

using namespace gdm_test;
using namespace std::string_literals;

TEST_CASE("content: formats that people try and texts that servers hand out") {
  const std::vector<std::pair<std::string, std::string>> kinds{
      {"<!DOCTYPE html>\n<html>", "an HTML page"},
      {"\xef\xbb\xbf \r\n<HTML lang=\"en\">", "an HTML page"},
      {"<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC", "an HTML page"},
      {"<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>", "an XML document"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0", "a git-lfs pointer (git lfs pull fetches the file)"},
      {"/annex/objects/SHA256E-s3--0.nii.gz\n", "a git-annex pointer (git annex get fetches the file)"},
      {"../.git/annex/objects/3F/1k/SHA256E-s3--0.nii.gz", "a git-annex pointer (git annex get fetches the file)"},
      {"{\"message\": \"Not Found\"}", "JSON"},
      {"\n[", "JSON"},
      {"Entry not found", "text"},
      {"\x1f\x8b\x08", "gzip data"},
      {"PK\x03\x04", "a ZIP archive"},
      {std::string(128, '\0') + "DICM", "a DICOM file"},
      {"\x10\0\0\0\0\0\0\0{"s, "a safetensors file"},
      {"\x5c\x01\0\0"s, "a NIfTI volume"},
      {"\0\0\x01\x5c"s + std::string(340, '\0') + "n+1", "a NIfTI volume"},
      {"\x5c\x01\0\0"s + std::string(344, '\0'), ""},  // ANALYZE 7.5
      {"", ""},
      {"\0\0\0\0"s, ""}};
  for (const auto& [content, kind] : kinds) {
    CAPTURE(content);
    CHECK(gdm::content_kind(content) == kind);
  }
}

TEST_CASE("content: a volume's reader and a manifest's name what they were given instead") {
  const TemporaryFolder folder;
  const auto put = [&](const std::string& name, const std::string& content) {
    put_file(folder / name, content.data(), content.size());
    return folder / name;
  };
  const std::string page = "<!DOCTYPE html><html>not found</html>";
  CHECK(contains(error_of([&] { gdm::read_volume(put("a.nii.gz", page)); }),
                 "a.nii.gz: is an HTML page, expected a NIfTI"));
  CHECK(contains(error_of([&] { gdm::read_nifti_info(put("b.nii", "version https://git-lfs.github.com/spec/v1")); }),
                 "b.nii: is a git-lfs pointer"));
  CHECK(contains(error_of([&] { gdm::read_manifest(put("m.json", page)); }),
                 "m.json: an HTML page; expected a manifest: see gdm-manifest(5)"));
  const gdm::Volume volume(gdm::Grid::centred({3, 4, 5}, {1, 1, 1}), 0.0F);
  for (const char* name : {"v.nii", "v.nii.gz"}) {
    gdm::write_volume(folder / name, volume, gdm::VoxelType::int16_hu, gdm::Overwrite::refuse);
    CHECK(contains(error_of([&] { gdm::read_manifest(folder / name); }),
                   std::string(name) + ": a NIfTI volume; expected a manifest: see gdm-manifest(5)"));
    fs::rename(folder / name, folder / "renamed.json");
    CHECK(contains(error_of([&] { gdm::read_manifest(folder / "renamed.json"); }), "renamed.json: a NIfTI volume"));
  }
  CHECK(contains(error_of([&] { gdm::read_manifest(put("m.json.gz", "\x1f\x8b\x08\x01")); }), "gzip data; expected"));
  CHECK(contains(error_of([&] { gdm::read_manifest(put("m.json", "some words")); }), "not valid JSON"));
}

TEST_CASE("sidecar: JSON of other programs is ignored, gdm's own must be whole") {
  const TemporaryFolder folder;
  const auto sidecar = [&](const std::string& content) {
    put_file(folder / "a.json", content.data(), content.size());
    return gdm::known_sidecar(folder / "a.nii.gz").is_null();
  };
  for (const char* foreign : {R"({"EchoTime": 0.03})", "[1]", R"({"gdm": 3})", "{}", R"({"EchoTime": NaN})", "",
                              R"({"a": 1, "a": 2})", "words", "{\"a\": \"\xff\"}"}) {
    CAPTURE(foreign);
    CHECK(sidecar(foreign));
  }
  CHECK_FALSE(sidecar(R"({"GeneratedBy": [], "gdm": {}})"));
  const gdm::Volume volume(gdm::Grid::centred({3, 4, 5}, {1, 1, 1}), 0.0F);
  gdm::write_volume(folder / "a.nii.gz", volume, gdm::VoxelType::int16_hu, gdm::Overwrite::refuse);
  CHECK_THROWS_AS(sidecar(R"({"GeneratedBy": [], "gdm": {)"), gdm::Error);
  CHECK_THROWS_AS(sidecar(""), gdm::Error);
}
