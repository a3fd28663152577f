// What gdm-prep info says about values, files and order.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "io/safetensors.hpp"
#include "io_fixture.hpp"
#include "prep/inspect.hpp"

using namespace gdm_test;
using namespace gdm;
using gdm::FileKind;

TEST_CASE("inspect: range, mean and ranks of the finite values") {
  gdm::Voxels<float> voxels;
  for (int n = 200; n >= 1; --n) voxels.push_back(static_cast<float>(n % 100));  // 0 to 99, twice
  voxels.push_back(std::numeric_limits<float>::quiet_NaN());
  voxels.push_back(-std::numeric_limits<float>::infinity());
  const prep::ValueSummary summary = prep::summarize_values(voxels);
  CHECK(summary.voxels == 202);
  CHECK(summary.non_finite == 2);
  CHECK(summary.zero == 2);
  CHECK(summary.lowest == 2);
  CHECK(summary.min == 0);
  CHECK(summary.max == 99);
  CHECK(summary.mean == doctest::Approx(49.5));
  CHECK(summary.p01 == 0);
  CHECK(summary.p99 == 98);
  gdm::Voxels<float> none(3, std::numeric_limits<float>::infinity());
  CHECK(prep::summarize_values(none).non_finite == 3);
  CHECK(prep::summarize_values(none).mean == 0);
}

TEST_CASE("inspect: kinds of files, and names for formats that are none") {
  const TemporaryFolder folder;
  const auto kind = [&](const std::string& name, const std::string& content) {
    put_file(folder / name, content.data(), content.size());
    return file_kind(folder / name);
  };
  CHECK(kind("a.json", "x") == FileKind::json);
  CHECK(kind("a.jsonl", "") == FileKind::json);
  CHECK(kind("a", " \n{") == FileKind::json);
  CHECK(kind("b", std::string("\x10\0\0\0\0\0\0\0{", 9)) == FileKind::safetensors);
  CHECK(kind("a.nii", "") == FileKind::volume);
  CHECK(kind("a.nii", std::string("\x5c\x01\0\0", 4)) == FileKind::volume);
  CHECK(kind("a.nii", "\x1f\x8b\x08") == FileKind::volume);
  const auto refused = [&](const std::string& content) { return error_of([&] { kind("refused", content); }); };
  CHECK(contains(refused("\x89PNG\r\n\x1a\n"), "is a PNG picture, expected"));
  CHECK(contains(refused("some words"), "is text, expected"));
  CHECK(contains(refused(std::string(128, '\0') + "DICM"), "is a DICOM file, expected"));
  CHECK(contains(error_of([&] { file_kind(folder.path()); }), "is a folder, expected a file"));
  put_file(folder / "manifest.json", "{}", 2);
  CHECK(contains(error_of([&] { file_kind(folder.path()); }), "such as"));
  CHECK(contains(error_of([&] { file_kind(folder / "none"); }), "none: No such file"));
}

TEST_CASE("inspect: a model's digest is verified, others' tensors are listed") {
  const TemporaryFolder folder;
  const std::vector<float> data(12, 1.5F);
  gdm::SafetensorsWriter writer;
  writer.add("w", "F32", {3, 4}, data.data());
  writer.write(folder / "a.safetensors", {{"kind", "bank"}}, gdm::Overwrite::refuse);
  const auto quiet = [](const prep::Notice&) {};
  const auto good = prep::inspect(folder / "a.safetensors", {}, quiet);
  CHECK(!good.failed());
  CHECK(good.json["holds"] == "bank");
  CHECK(good.json["tensors"]["w"]["shape"].dump() == "[3,4]");
  ByteVector bytes = get_file(folder / "a.safetensors");
  bytes.back() ^= 1;
  put_file(folder / "a.safetensors", bytes);
  const auto bad = prep::inspect(folder / "a.safetensors", {}, quiet);
  REQUIRE(bad.notices.size() == 1);
  CHECK(contains(bad.notices[0].text, "is damaged"));
  CHECK(prep::inspections_text({bad}).empty());
}

TEST_CASE("inspect: header, scaling, extension and values of a volume") {
  const TemporaryFolder folder;
  RawNifti nifti(2, true, {2, 3, 4}, 16, 32);
  nifti.set_offset(544 + 32);
  nifti.set_scaling(2.0, -10.0);
  nifti.append_zeros(32);
  for (int n = 0; n < 24; ++n)
    nifti.append<float>(n == 7 ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(n));
  put_file(folder / "a.nii", nifti.bytes());
  std::vector<prep::Notice> notices;
  const auto keep = [&](const prep::Notice& notice) { notices.push_back(notice); };
  prep::InspectOptions options;
  const auto look = [&] { return prep::inspect(folder / "a.nii", options, keep); };
  const auto found = look();
  CHECK(found.json["shape_ijk"].dump() == "[2,3,4]");
  CHECK(found.json["byte_order"] == "big-endian");
  CHECK(found.json["nifti_version"] == 2);
  CHECK(found.json["transform"] == "pixdim");
  CHECK(found.json["extension_bytes"] == 32);
  CHECK(found.json["slope"] == 2.0);
  CHECK(found.json["values"]["min"] == -10.0);
  CHECK(found.json["values"]["max"] == 36.0);
  CHECK(found.json["values"]["non_finite_voxels"] == 1);
  CHECK(!found.failed());
  REQUIRE(notices.size() == 2);
  CHECK(!notices[0].problem);
  CHECK(contains(notices[0].text, "a.nii: sform and qform both have code 0"));
  CHECK(!notices[1].problem);
  options.check = true;
  CHECK(look().failed());
  CHECK(contains(notices.back().text, "a.nii: 1 of 24 voxels are not finite"));
}

TEST_CASE("inspect: volumes of a case must share the target's grid and be finite") {
  const TemporaryFolder folder;
  const auto put = [&](const std::string& name, std::int64_t depth, float last) {
    RawNifti nifti(1, false, {2, 2, depth}, 16, 32);
    for (std::int64_t n = 1; n < 4 * depth; ++n) nifti.append<float>(static_cast<float>(100 * n - 1000));
    nifti.append<float>(last);
    put_file(folder / name, nifti.bytes());
  };
  put("ct.nii", 3, 5);
  put("mr.nii", 4, 5);
  put("nan.nii", 3, std::numeric_limits<float>::infinity());
  const std::string text = R"({"gdm_manifest": 1, "task": "t", "cases": [
    {"id": "a", "target": "ct.nii", "inputs": {"mr": "mr.nii"}},
    {"id": "b", "target": "ct.nii", "inputs": {"mr": "nan.nii"}}, {"id": "c", "target": "ct.nii"}]})";
  put_file(folder / "m.json", text.data(), text.size());
  prep::InspectOptions options;
  std::vector<std::string> lines;
  const auto keep = [&](const prep::Notice& notice) { lines.push_back(notice.text); };
  CHECK(!prep::inspect(folder / "m.json", options, keep).failed());
  CHECK(lines.empty());
  options.check = true;
  const auto found = prep::inspect(folder / "m.json", options, keep);
  REQUIRE(lines.size() == 3);
  CHECK(contains(lines[2], "m.json:2: case 1 'a': target: "));
  CHECK(contains(lines[2], "ct.nii (and of 4 other files): sform and qform both have code 0"));
  CHECK(contains(lines[0], "m.json:2: case 1 'a': inputs.mr: "));
  CHECK(contains(lines[0], "mr.nii is on another grid than target: 2 x 2 x 4 voxels"));
  CHECK(contains(lines[0], "instead of 2 x 2 x 3"));
  CHECK(contains(lines[1], "m.json:3: case 2 'b': inputs.mr: "));
  CHECK(contains(lines[1], "1 of 12 voxels are not finite"));
  CHECK(found.table.size() == 4);
  CHECK(found.json["checked"][2]["problems"].empty());
}
