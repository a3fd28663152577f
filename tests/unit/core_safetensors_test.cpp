// safetensors: round trip, refusal of every kind of wrong header, and detection of any flipped bit.
#include <doctest/doctest.h>

#include <algorithm>

#include "io/safetensors.hpp"
#include "io_fixture.hpp"
#include "sys/sha256.hpp"

using namespace gdm_test;
using gdm::Overwrite;
using gdm::SafetensorsFile;
using gdm::SafetensorsWriter;

namespace {

const std::vector<float> floats = {1.5F, -2.0F, 3.25F, 0.0F, 1e30F};
const std::vector<std::int64_t> integers = {7, -8, 9};
const std::vector<std::uint8_t> bytes = {1, 2, 3};

std::string write_example(const fs::path& path) {
  SafetensorsWriter writer;
  writer.add("net.bytes", "U8", {3, 1}, bytes.data());
  writer.add("net.floats", "F32", {5}, floats.data());
  writer.add("net.integers", "I64", {3}, integers.data());
  writer.add("empty", "F32", {0, 4}, nullptr);
  return writer.write(path, {{"kind", "bank"}, {"quote", "\"header_sha256\":\""}}, Overwrite::replace);
}

/// A file with this header text and as many zero bytes of payload.
ByteVector raw_file(const std::string& header, std::size_t payload) {
  ByteVector file(8 + header.size() + payload, 0);
  for (std::size_t i = 0; i < 8; ++i) file[i] = static_cast<std::uint8_t>(header.size() >> (8 * i));
  std::copy(header.begin(), header.end(), file.begin() + 8);
  return file;
}

std::string tensor_header(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return "{\"t\":{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}";
}

std::string open_error(const fs::path& path) {
  return error_of([&] { const SafetensorsFile file(path); });
}

}  // namespace

TEST_CASE("safetensors: tensors and description come back, the bytes depend on the input alone") {
  const TemporaryFolder folder;
  const std::string digest = write_example(folder / "a.safetensors");
  CHECK(write_example(folder / "b.safetensors") == digest);
  CHECK(get_file(folder / "a.safetensors") == get_file(folder / "b.safetensors"));
  const SafetensorsFile file(folder / "a.safetensors");
  CHECK(file.payload_sha256() == digest);
  CHECK(file.description()["quote"] == "\"header_sha256\":\"");
  CHECK_NOTHROW(file.require_kind("bank"));
  CHECK(contains(error_of([&] { file.require_kind("encoder"); }), "is bank, expected a file of kind 'encoder'"));
  CHECK(contains(error_of([&] { file.tensor("x"); }), "a.safetensors: has no tensor 'x' among its 4"));
  const gdm::TensorView& view = file.tensor("net.floats");
  CHECK(view.shape == std::vector<std::int64_t>{5});
  REQUIRE(view.bytes == 20);
  CHECK(reinterpret_cast<std::uintptr_t>(view.data) % 4 == 0);
  CHECK(reinterpret_cast<std::uintptr_t>(file.tensor("net.integers").data) % 64 == 0);
  CHECK(std::memcmp(view.data, floats.data(), 20) == 0);
  CHECK(std::memcmp(file.tensor("net.integers").data, integers.data(), 24) == 0);
  CHECK(std::memcmp(file.tensor("net.bytes").data, bytes.data(), 3) == 0);
  CHECK(file.tensor("empty").bytes == 0);
}

TEST_CASE("safetensors: files of other programs open without digests, and with a digest it counts") {
  const TemporaryFolder folder;
  put_file(folder / "a", raw_file(tensor_header("\"F32\"", "[2]", "[0,8]"), 8));
  const SafetensorsFile file(folder / "a");
  CHECK(file.description().is_null());
  CHECK(contains(error_of([&] { file.require_kind("bank"); }), "expected a file of kind 'bank'"));
  const std::string zeros = gdm::sha256_hex("\0\0", 2);
  put_file(folder / "b", raw_file("{\"__metadata__\":{\"sha256\":\"" + zeros +
                                      "\"},\"t\":" + tensor_header("\"U8\"", "[2]", "[0,2]").substr(5),
                                  2));
  CHECK(open_error(folder / "b") == "no error");
  ByteVector damaged = get_file(folder / "b");
  damaged.back() = 1;
  put_file(folder / "b", damaged);
  CHECK(contains(open_error(folder / "b"), "b: is damaged: the payload's SHA-256"));
}

TEST_CASE("safetensors: what a writer cannot store is refused") {
  SafetensorsWriter writer;
  writer.add("a", "F32", {1}, floats.data());
  CHECK(contains(error_of([&] { writer.add("a", "F32", {1}, floats.data()); }), "added twice"));
  CHECK(contains(error_of([&] { writer.add("b", "F31", {1}, floats.data()); }), "dtype 'F31' is unknown"));
  CHECK(contains(error_of([&] { writer.add("__metadata__", "F32", {1}, floats.data()); }), "cannot be the name"));
  CHECK(contains(error_of([&] { writer.add("c", "F32", {-1}, floats.data()); }), "negative extent"));
  CHECK(contains(error_of([&] { writer.write("/dev/full", nullptr, Overwrite::refuse); }), "/dev/full: No space left"));
}

TEST_CASE("safetensors: wrong headers are refused with the reason") {
  const TemporaryFolder folder;
  const auto error = [&](const ByteVector& file) {
    put_file(folder / "a", file);
    return open_error(folder / "a");
  };
  const std::vector<std::tuple<std::string, std::size_t, std::string>> wrong = {
      {"", 0, "does not start with '{'"},
      {" {}", 0, "does not start with '{'"},
      {"{", 0, "not valid JSON"},
      {"{}x", 0, "not valid JSON"},
      {"{}", 1, "the payload has 1 bytes, expected 0"},
      {"{\"t\":5}", 0, "tensor 't': is a number"},
      {"{\"t\":{}}", 0, "tensor 't': has no 'dtype'"},
      {"{\"\":" + tensor_header("\"U8\"", "[1]", "[0,1]").substr(5), 1, "empty name"},
      {"{\"__metadata__\":[]}", 0, "__metadata__ is not an object"},
      {"{\"__metadata__\":{\"a\":1}}", 0, "__metadata__ 'a' is not a string"},
      {tensor_header("\"F33\"", "[1]", "[0,4]"), 4, "dtype 'F33' is unknown"},
      {tensor_header("4", "[1]", "[0,4]"), 4, "dtype is not a string"},
      {tensor_header("\"F32\"", "[1.0]", "[0,4]"), 4, "shape is not"},
      {tensor_header("\"F32\"", "[-1]", "[0,4]"), 4, "shape is not"},
      {tensor_header("\"F32\"", "4", "[0,4]"), 4, "shape is not"},
      {tensor_header("\"F32\"", "[4294967296,4294967296]", "[0,0]"), 0, "too many elements"},
      {tensor_header("\"U8\"", "[18446744073709551615]", "[0,0]"), 0, "too many elements"},
      {tensor_header("\"F32\"", "[1]", "[0,4,8]"), 8, "array of two numbers"},
      {tensor_header("\"F32\"", "[1]", "[4,0]"), 4, "expected 4 bytes apart"},
      {tensor_header("\"F32\"", "[1]", "[0,5]"), 5, "expected 4 bytes apart"},
      {tensor_header("\"F32\"", "[1]", "[4,8]"), 8, "tensor 't' starts at byte 4, expected 0"},
      {tensor_header("\"F32\"", "[1]", "[0,4]"), 5, "the payload has 5 bytes, expected 4"},
      {tensor_header("\"F32\"", "[2]", "[0,8]"), 4, "the payload has 4 bytes, expected 8"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
       "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
       3, "tensor 'b' starts at byte 1, expected 2"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
       "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
       1, "'a' is given twice"},
      {"{\"t\":" + std::string(500, '[') + "}", 0, "nested deeper"},
      {"{\"__metadata__\":{\"gdm\":\"{}\"}}", 0, "expected the metadata gdm, sha256 and header_sha256 together"},
  };
  for (const auto& [header, payload, message] : wrong) {
    const std::string found = error(raw_file(header, payload));
    CHECK_MESSAGE(contains(found, message), found);
  }
  CHECK(contains(error({}), "is empty"));
  CHECK(contains(error({1, 2, 3}), "has 3 bytes"));
  CHECK(contains(error({255, 255, 255, 255, 255, 255, 255, 255, '{'}), "expected at most 100000000"));
  CHECK(contains(error({200, 0, 0, 0, 0, 0, 0, 0, '{', '}'}), "expected a header of 200"));
  CHECK(contains(open_error(folder / "none"), "none: No such file"));
  CHECK(contains(open_error(folder.path()), "is a folder"));
}

TEST_CASE("safetensors: every single flipped bit and every cut of a file of gdm is refused") {
  const TemporaryFolder folder;
  write_example(folder / "a");
  const ByteVector whole = get_file(folder / "a");
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    ByteVector damaged = whole;
    damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ (1U << (bit % 8)));
    put_file(folder / "b", damaged);
    CHECK_MESSAGE(open_error(folder / "b") != "no error", bit);
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    put_file(folder / "b", ByteVector(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    CHECK_MESSAGE(open_error(folder / "b") != "no error", size);
  }
}
