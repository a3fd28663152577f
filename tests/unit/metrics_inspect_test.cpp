// What gdm-prep info says about values, files and order.
#include <doctest/doctest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <thread>

#include "io/safetensors.hpp"
#include "io_fixture.hpp"
#include "metrics/inspect.hpp"
#include "sys/in_order.hpp"

using namespace gdm_test;
using gdm::metrics::FileKind;

TEST_CASE("inspect: range, mean and ranks of the finite values") {
  std::vector<float> voxels;
  for (int n = 200; n >= 1; --n) voxels.push_back(static_cast<float>(n % 100));  // 0 to 99, twice
  voxels.push_back(std::numeric_limits<float>::quiet_NaN());
  voxels.push_back(-std::numeric_limits<float>::infinity());
  const gdm::metrics::ValueSummary summary = gdm::metrics::summarize_values(voxels);
  CHECK(summary.voxels == 202);
  CHECK(summary.non_finite == 2);
  CHECK(summary.zero == 2);
  CHECK(summary.lowest == 2);
  CHECK(summary.min == 0);
  CHECK(summary.max == 99);
  CHECK(summary.mean == doctest::Approx(49.5));
  CHECK(summary.p01 == 0);
  CHECK(summary.p99 == 98);
  std::vector<float> none(3, std::numeric_limits<float>::infinity());
  CHECK(gdm::metrics::summarize_values(none).non_finite == 3);
  CHECK(gdm::metrics::summarize_values(none).mean == 0);
}

TEST_CASE("inspect: kinds of files, and names for formats that are none") {
  const TemporaryFolder folder;
  const auto kind = [&](const std::string& name, const std::string& content) {
    put_file(folder / name, content.data(), content.size());
    return gdm::metrics::file_kind(folder / name);
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
  CHECK(contains(error_of([&] { gdm::metrics::file_kind(folder.path()); }), "is a folder, expected a file"));
  put_file(folder / "manifest.json", "{}", 2);
  CHECK(contains(error_of([&] { gdm::metrics::file_kind(folder.path()); }), "such as"));
  CHECK(contains(error_of([&] { gdm::metrics::file_kind(folder / "none"); }), "none: No such file"));
}

TEST_CASE("inspect: results come in order whatever takes longest, and an exception ends the work") {
  std::vector<std::int64_t> order;
  gdm::parallel_in_order(
      20,
      [](std::int64_t n) {
        if (n % 3 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        return n * n;
      },
      [&](std::int64_t n, std::int64_t square) {
        CHECK(square == n * n);
        order.push_back(n);
      });
  REQUIRE(order.size() == 20);
  for (std::int64_t n = 0; n < 20; ++n) CHECK(order[static_cast<std::size_t>(n)] == n);
  const auto failing = [](std::int64_t n) -> int { throw gdm::Error("at " + std::to_string(n)); };
  CHECK_THROWS_AS(gdm::parallel_in_order(3, failing, [](std::int64_t, int) {}), gdm::Error);
}

TEST_CASE("inspect: a model's digest is verified, others' tensors are listed") {
  const TemporaryFolder folder;
  const std::vector<float> data(12, 1.5F);
  gdm::SafetensorsWriter writer;
  writer.add("w", "F32", {3, 4}, data.data());
  writer.write(folder / "a.safetensors", {{"kind", "bank"}}, gdm::Overwrite::refuse);
  const auto quiet = [](const gdm::metrics::Notice&) {};
  const auto good = gdm::metrics::inspect(folder / "a.safetensors", {}, quiet);
  CHECK(!good.failed());
  CHECK(good.json["holds"] == "bank");
  CHECK(good.json["tensors"]["w"]["shape"].dump() == "[3,4]");
  ByteVector bytes = get_file(folder / "a.safetensors");
  bytes.back() ^= 1;
  put_file(folder / "a.safetensors", bytes);
  const auto bad = gdm::metrics::inspect(folder / "a.safetensors", {}, quiet);
  REQUIRE(bad.notices.size() == 1);
  CHECK(contains(bad.notices[0].text, "is damaged"));
  CHECK(gdm::metrics::inspections_text({bad}).empty());
}
