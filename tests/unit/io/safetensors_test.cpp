// safetensors: round trip, refusal of every kind of wrong header, and detection of any flipped bit.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>

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

const std::vector<std::pair<std::string, std::size_t>> dtype_table = {
    {"F64", 64},        {"I64", 64},    {"U64", 64},    {"C64", 64},    {"F32", 32},    {"I32", 32},
    {"U32", 32},        {"F16", 16},    {"BF16", 16},   {"I16", 16},    {"U16", 16},    {"BOOL", 8},
    {"I8", 8},          {"U8", 8},      {"F8_E4M3", 8}, {"F8_E5M2", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
    {"F8_E5M2FNUZ", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4}};

/// What tests/data/read_safetensors.py prints about a file, and how it exits.
std::string second_opinion(const fs::path& path) {
  const std::string command = "LC_ALL=C.UTF-8 python3 '" GDM_TEST_DATA "/read_safetensors.py' '" + path.string() +
                              "' 2>/dev/null; echo exit $?";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string text;
  for (int c = 0; (c = std::fgetc(pipe.get())) != EOF;) text += static_cast<char>(c);
  return text;
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

TEST_CASE("safetensors: every dtype of the format is written, read, and sized in bits") {
  const TemporaryFolder folder;
  SafetensorsWriter writer;
  std::array<std::uint8_t, 96> data{};
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i + 1);
  for (const auto& [dtype, bits] : dtype_table) {
    CHECK(gdm::dtype_bits(dtype) == bits);
    writer.add(dtype, dtype, {2, 2, 3}, data.data());
    writer.add(dtype + ".empty", dtype, {3, 0}, nullptr);
    writer.add(dtype + ".scalar8", dtype, {8, 1}, data.data());
  }
  writer.write(folder / "a.safetensors", {{"kind", "features"}}, Overwrite::refuse);
  const SafetensorsFile file(folder / "a.safetensors");
  CHECK(file.tensors().size() == 3 * dtype_table.size());
  for (const auto& [dtype, bits] : dtype_table) {
    const gdm::TensorView& view = file.tensor(dtype);
    CHECK(view.dtype == dtype);
    REQUIRE(view.bytes == 12 * bits / 8);
    CHECK(std::memcmp(view.data, data.data(), view.bytes) == 0);
    if (bits >= 8) CHECK(reinterpret_cast<std::uintptr_t>(view.data) % (bits / 8) == 0);
    CHECK(file.tensor(dtype + ".scalar8").bytes == bits);
    CHECK(file.tensor(dtype + ".empty").bytes == 0);
  }
  CHECK(gdm::dtype_bits("F8") == 0);
  CHECK(contains(error_of([&] { writer.add("odd", "F4", {3}, data.data()); }),
                 "tensor 'odd': has 12 bits of F4, expected whole bytes"));
  CHECK(contains(error_of([&] { writer.add("odd", "F6_E2M3", {2, 3}, data.data()); }), "has 36 bits of F6_E2M3"));
  CHECK(contains(error_of([&] { writer.add("odd", "F4", {std::int64_t{1} << 62, 4}, data.data()); }), "too many"));
}

TEST_CASE("safetensors: an independent reader finds the same tensors and digests") {
  if (std::system("python3 -c '' 2>/dev/null") != 0) {
    MESSAGE("did not run: there is no python3");
    return;
  }
  const TemporaryFolder folder;
  const fs::path path = folder / "a file.safetensors";
  SafetensorsWriter writer;
  const std::array<double, 2> doubles{0.1, -7.25};
  const std::array<std::uint16_t, 3> halves{0x3C00, 0xC000, 0x3800}, brains{0x3F80, 0x4049, 0xC000};
  const std::array<float, 4> complex{1.5F, -2.0F, 0.25F, 1024.0F};
  writer.add("doubles \u00e9", "F64", {1, 2}, doubles.data());
  writer.add("complex", "C64", {2}, complex.data());
  writer.add("integers", "I64", {3}, integers.data());
  writer.add("floats", "F32", {5}, floats.data());
  writer.add("halves", "F16", {3}, halves.data());
  writer.add("brains", "BF16", {3}, brains.data());
  writer.add("bytes", "U8", {3, 1}, bytes.data());
  writer.add("scale", "F8_E8M0", {}, bytes.data());
  writer.add("sixes", "F6_E3M2", {4}, bytes.data());
  writer.add("fours", "F4", {2, 3}, bytes.data());
  writer.add("empty", "BOOL", {0, 4}, nullptr);
  writer.write(path, {{"kind", "bank"}, {"quote", "\"header_sha256\":\"\n\u00e9"}}, Overwrite::refuse);
  CHECK(second_opinion(path) ==
        "complex C64 [2] 0 16 1023.75\ndoubles \u00e9 F64 [1, 2] 16 32 -7.15\nintegers I64 [3] 32 56 8.0\n"
        "floats F32 [5] 56 76 1.0000000150474662e+30\nbrains BF16 [3] 76 82 2.140625\nhalves F16 [3] 82 88 -0.5\n"
        "bytes U8 [3, 1] 88 91 6.0\nempty BOOL [0, 4] 91 91 0.0\nscale F8_E8M0 [] 91 92 1.0\n"
        "sixes F6_E3M2 [4] 92 95 6.0\nfours F4 [2, 3] 95 98 6.0\nexit 0\n");
  const ByteVector whole = get_file(path);
  for (const std::size_t place : {std::size_t{20}, whole.size() - 1}) {  // in the header, in the payload
    ByteVector damaged = whole;
    damaged[place] = static_cast<std::uint8_t>(damaged[place] ^ 1);
    put_file(path, damaged);
    CHECK(contains(second_opinion(path), "exit 1"));
  }
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
      {tensor_header("\"F4\"", "[3]", "[0,1]"), 1, "has 12 bits of F4, expected whole bytes"},
      {tensor_header("\"F4\"", "[3]", "[0,2]"), 2, "has 12 bits of F4, expected whole bytes"},
      {tensor_header("\"F6_E2M3\"", "[4]", "[0,4]"), 4, "expected 3 bytes apart"},
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
  CHECK(contains(error({255, 255, 255, 255, 255, 255, 255, 255, '{'}), "at most 100000000 are read"));
  CHECK(contains(error({200, 0, 0, 0, 0, 0, 0, 0, '{', '}'}), "expected a header of 200"));
  CHECK(contains(open_error(folder / "none"), "none: No such file"));
  CHECK(contains(open_error(folder.path()), "is a folder"));
}

TEST_CASE("safetensors: in memory the same bytes as on disk, and the same checks") {
  const TemporaryFolder folder;
  SafetensorsWriter writer;
  writer.add("floats", "F32", {5}, floats.data());
  const gdm::Json description{{"kind", "bank"}};
  writer.write(folder / "a.safetensors", description, Overwrite::refuse);
  std::string memory = writer.bytes(description);
  std::ifstream file(folder / "a.safetensors", std::ios::binary);
  CHECK(memory == std::string{std::istreambuf_iterator<char>(file), {}});
  const SafetensorsFile read(memory, "memory");
  CHECK(std::memcmp(read.tensor("floats").data, floats.data(), read.tensor("floats").bytes) == 0);
  memory.back() = static_cast<char>(memory.back() ^ 1);
  CHECK(contains(error_of([&] { const SafetensorsFile damaged(memory, "memory"); }), "memory: is damaged"));
  CHECK(contains(error_of([&] { const SafetensorsFile nothing("", "memory"); }), "empty"));
}

TEST_CASE("safetensors: every single flipped bit and every cut of a file of gdm is refused") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a";
  write_example(path);
  const ByteVector whole = get_file(path);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);  // a new file for each bit takes far longer
  const auto put_byte = [&file](std::size_t at, int byte) {
    file.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(byte)).flush();
  };
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    put_byte(bit / 8, whole[bit / 8] ^ (1 << (bit % 8)));
    CHECK_MESSAGE(open_error(path) != "no error", bit);
    put_byte(bit / 8, whole[bit / 8]);
  }
  REQUIRE(open_error(path) == "no error");
  for (std::size_t size = whole.size(); size-- > 0;) {
    fs::resize_file(path, size);
    CHECK_MESSAGE(open_error(path) != "no error", size);
  }
}
