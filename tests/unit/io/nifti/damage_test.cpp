// NIfTI files that are not valid: crafted headers, cut files, flipped bits. All must be refused with a reason and
// without taking the memory they ask for.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <functional>
#include <limits>
#include <thread>

#include "image/grid_match.hpp"
#include "io/nifti/header.hpp"
#include "io/nifti/nifti.hpp"
#include "io_fixture.hpp"
#include "sys/random.hpp"

using namespace gdm_test;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinite = std::numeric_limits<double>::infinity();

struct BadHeader {
  int version;
  std::function<void(RawNifti&)> spoil;
  std::string message;
};

/// 3 x 4 x 2 int16 voxels with a qform, which needs pixdim.
RawNifti good(int version) {
  RawNifti raw(version, false, {3, 4, 2}, 4, 16);
  raw.set_codes(1, 0);
  raw.append_zeros(48);
  return raw;
}

void identity_sform(RawNifti& raw, double z) {
  raw.set_codes(0, 1);
  raw.set_srow({{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, z, 0}}});
}

const std::vector<BadHeader>& bad_headers() {
  static const std::vector<BadHeader> list = {
      {1, [](RawNifti& r) { r.put<std::int32_t>(0, 347); }, "expected a NIfTI header"},
      {1, [](RawNifti& r) { r.bytes()[344] = 'x'; }, "magic string is missing"},
      {2, [](RawNifti& r) { r.bytes()[8] = '\n'; }, "magic string is missing"},
      {1, [](RawNifti& r) { std::memcpy(&r.bytes()[344], "ni1", 4); }, "expected a single file"},
      {1, [](RawNifti& r) { r.set_dim(0, 0); }, "dim[0] is 0"},
      {1, [](RawNifti& r) { r.set_dim(0, 8); }, "dim[0] is 8"},
      {1, [](RawNifti& r) { r.set_dim(2, -4); }, "dim[2] is -4"},
      {1, [](RawNifti& r) { r.set_dim(1, 0); }, "dim[1] is 0"},
      {1,
       [](RawNifti& r) {
         for (int a = 1; a < 4; ++a) r.set_dim(a, 32767);
       },
       "is truncated"},
      {1, [](RawNifti& r) { r.set_dim(0, 7), r.set_dim(7, 3); }, "dim[7] is 3, expected a 3-D volume"},
      {1, [](RawNifti& r) { r.set_dim(0, 4), r.set_dim(4, 2); }, "dim[4] is 2, expected a 3-D volume"},
      {2, [](RawNifti& r) { r.set_dim(0, 200); }, "dim[0] is 200"},
      {2, [](RawNifti& r) { r.set_dim(0, -300); }, "dim[0] is -300"},
      {2, [](RawNifti& r) { r.set_dim(0, std::int64_t{1} << 31); }, "dim[0] is 2147483648"},
      {2, [](RawNifti& r) { r.set_dim(1, (std::int64_t{1} << 62) + 3); }, "dim[1] is"},
      {2, [](RawNifti& r) { r.set_dim(3, std::numeric_limits<std::int64_t>::min()); }, "dim[3] is -92"},
      {1, [](RawNifti& r) { r.put<std::int16_t>(70, 0); }, "datatype 0 is not one of NIfTI's"},
      {1, [](RawNifti& r) { r.put<std::int16_t>(70, 999); }, "datatype 999"},
      {1, [](RawNifti& r) { r.put<std::int16_t>(70, 1); }, "1-bit binary"},
      {1, [](RawNifti& r) { r.put<std::int16_t>(70, 32); }, "complex64"},
      {1, [](RawNifti& r) { r.put<std::int16_t>(70, 128); }, "RGB24"},
      {1, [](RawNifti& r) { r.put<std::int16_t>(70, 1536); }, "float128"},
      {1, [](RawNifti& r) { r.put<std::int16_t>(70, 2304); }, "RGBA32"},
      {1, [](RawNifti& r) { r.put<std::int16_t>(72, 8); }, "bitpix is 8, expected 16 for int16"},
      {1, [](RawNifti& r) { r.set_offset(not_a_number); }, "vox_offset is nan"},
      {1, [](RawNifti& r) { r.set_offset(infinite); }, "vox_offset is inf"},
      {1, [](RawNifti& r) { r.set_offset(1e30); }, "vox_offset is"},
      {1, [](RawNifti& r) { r.set_offset(-352); }, "vox_offset is -352"},
      {1, [](RawNifti& r) { r.set_offset(352.5); }, "vox_offset is 352.5"},
      {1, [](RawNifti& r) { r.set_offset(348); }, "vox_offset is 348, expected at least 352"},
      {1, [](RawNifti& r) { r.set_offset(0); }, "vox_offset is 0"},
      {1, [](RawNifti& r) { r.set_offset(1e9); }, "is truncated"},
      {1, [](RawNifti& r) { r.set_offset(353); }, "is truncated"},
      {2, [](RawNifti& r) { r.put<std::int64_t>(168, -1); }, "vox_offset is -1"},
      {2, [](RawNifti& r) { r.put<std::int64_t>(168, std::numeric_limits<std::int64_t>::max()); }, "vox_offset is"},
      {2, [](RawNifti& r) { r.set_offset(540); }, "expected at least 544"},
      {1, [](RawNifti& r) { r.set_pixdim(1, not_a_number); }, "pixdim[1] is nan"},
      {1, [](RawNifti& r) { r.set_pixdim(2, infinite); }, "pixdim[2] is inf"},
      {1, [](RawNifti& r) { r.set_pixdim(3, -2); }, "pixdim[3] is -2"},
      {1, [](RawNifti& r) { r.set_pixdim(3, 0), r.set_codes(0, 0); }, "pixdim[3] is 0"},
      {1, [](RawNifti& r) { r.set_pixdim(0, not_a_number); }, "pixdim[0] is nan"},
      {1, [](RawNifti& r) { r.set_pixdim(1, 1e30); }, "expected millimetres"},
      {1,
       [](RawNifti& r) {
         r.set_quaternion(1, 1, 1, {0, 0, 0});
       },
       "expected a unit quaternion"},
      {2,
       [](RawNifti& r) {
         r.set_quaternion(not_a_number, 0, 0, {0, 0, 0});
       },
       "expected a unit quaternion"},
      {1,
       [](RawNifti& r) {
         r.set_quaternion(0, 0, 0, {0, infinite, 0});
       },
       "qform contains inf"},
      {1, [](RawNifti& r) { identity_sform(r, 0); }, "sform is singular"},
      {1, [](RawNifti& r) { identity_sform(r, not_a_number); }, "sform contains nan"},
      {2, [](RawNifti& r) { identity_sform(r, 1e300); }, "sform contains 1e+300"},
      {1,
       [](RawNifti& r) {
         r.set_codes(0, 1);
         r.set_srow({{{1, 1, 0, 0}, {1, 1, 0, 0}, {0, 0, 1, 0}}});
       },
       "its axes lie in one plane"},
      {1, [](RawNifti& r) { r.set_codes(1, -5); }, "sform_code is -5"},
      {2, [](RawNifti& r) { r.set_codes(1000000, 0); }, "qform_code is 1000000"},
      {1, [](RawNifti& r) { r.set_scaling(2, not_a_number); }, "scl_inter is nan with scl_slope 2"},
      {1, [](RawNifti& r) { r.bytes().resize(399); }, "is truncated: 399 bytes, expected 400"},
      {1, [](RawNifti& r) { r.append_zeros(std::size_t{2} << 20); }, "more than padding follows"},
      {1, [](RawNifti& r) { r.bytes().clear(); }, "the file is empty"},
      {1, [](RawNifti& r) { r.bytes().resize(54); }, "ends after 54 bytes"},
      {1, [](RawNifti& r) { r.bytes().resize(3); }, "ends after 3 bytes"},
      {2, [](RawNifti& r) { r.bytes().resize(400); }, "ends after 400 bytes, expected a header of 540"},
  };
  return list;
}

/// 16 x 12 x 10 voxels that do not compress to nothing.
ByteVector noisy_file() {
  RawNifti raw(1, false, {16, 12, 10}, 4, 16);
  raw.set_codes(1, 0);
  gdm::Random random(3);
  for (int n = 0; n < 16 * 12 * 10; ++n) raw.append(static_cast<std::int16_t>(random.below(400)));
  return raw.bytes();
}

std::string read_error(const fs::path& path) {
  return error_of([&] { gdm::read_volume(path); });
}

}  // namespace

TEST_CASE("nifti: crafted headers are refused with the reason, from files, gzip and pipes") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  CHECK_NOTHROW(gdm::parse_nifti_header(good(1).bytes().data(), 400));
  CHECK_NOTHROW(gdm::parse_nifti_header(good(2).bytes().data(), 592));
  rusage before{};
  ::getrusage(RUSAGE_SELF, &before);
  for (const BadHeader& bad : bad_headers()) {
    RawNifti raw = good(bad.version);
    bad.spoil(raw);
    put_file(folder / "a.nii", raw.bytes());
    const std::string plain = read_error(folder / "a.nii");
    CHECK_MESSAGE(contains(plain, "a.nii: "), plain);
    CHECK_MESSAGE(contains(plain, bad.message), plain);
    CHECK(plain.find('\n') == std::string::npos);
    put_file(folder / "a.nii.gz", gzipped(raw.bytes()));
    const std::string packed = read_error(folder / "a.nii.gz");
    const bool excess = contains(bad.message, "padding");
    CHECK_MESSAGE(contains(packed, excess ? "decompresses to more" : bad.message), packed);
    std::thread packer([&] { put_file(folder / "fifo", gzipped(raw.bytes())); });
    const std::string unpacked = read_error(folder / "fifo");
    packer.join();
    CHECK_MESSAGE(contains(unpacked, bad.message.substr(0, 12)), unpacked);
    if (excess) continue;  // an uncompressed stream is not read beyond its volume
    std::thread writer([&] { put_file(folder / "fifo", raw.bytes()); });
    const std::string piped = read_error(folder / "fifo");
    writer.join();
    CHECK_MESSAGE(contains(piped, bad.message.substr(0, 12)), piped);
  }
  rusage after{};
  ::getrusage(RUSAGE_SELF, &after);
  CHECK(after.ru_maxrss - before.ru_maxrss < 64 * 1024);
}

TEST_CASE("nifti: a file cut anywhere is refused") {
  const TemporaryFolder folder;
  const ByteVector plain = noisy_file();
  for (const ByteVector& whole : {plain, gzipped(plain)}) {
    for (std::size_t part = 0; part < 64; ++part) {
      const std::size_t size = whole.size() * part / 64;
      put_file(folder / "a.nii", ByteVector(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
      CHECK_MESSAGE(contains(read_error(folder / "a.nii"), "a.nii: "), size);
    }
    put_file(folder / "a.nii", ByteVector(whole.begin(), whole.end() - 1));
    CHECK(contains(read_error(folder / "a.nii"), "a.nii: "));
    put_file(folder / "a.nii", whole);
    CHECK(read_error(folder / "a.nii") == "no error");
  }
}

TEST_CASE("nifti: a gzip file that lacks whole members is truncated") {
  const TemporaryFolder folder;
  const ByteVector plain = noisy_file();
  ByteVector first = gzipped(ByteVector(plain.begin(), plain.begin() + 1000));
  put_file(folder / "a.nii.gz", first);
  CHECK(contains(read_error(folder / "a.nii.gz"), "is truncated: 1000 bytes, expected 4192"));
  const ByteVector second = gzipped(ByteVector(plain.begin() + 1000, plain.end()));
  first.insert(first.end(), second.begin(), second.end());
  put_file(folder / "a.nii.gz", first);
  CHECK(read_error(folder / "a.nii.gz") == "no error");
}

TEST_CASE("nifti: flipped bits in .nii.gz are refused, or lie in fields of gzip that say nothing about the data") {
  const TemporaryFolder folder;
  const ByteVector whole = gzipped(noisy_file());
  constexpr std::size_t header_bits = 160;
  put_file(folder / "a.nii.gz", whole);
  const gdm::Volume expected = gdm::read_volume(folder / "a.nii.gz");
  gdm::Random random(17);
  int detected = 0, harmless = 0;
  const auto flip = [&](std::size_t bit) {
    ByteVector damaged = whole;
    damaged[bit / 8] = static_cast<std::uint8_t>(damaged[bit / 8] ^ (1U << (bit % 8)));
    put_file(folder / "b.nii.gz", damaged);
    try {
      const gdm::Volume volume = gdm::read_volume(folder / "b.nii.gz");
      CHECK(volume.voxels == expected.voxels);
      CHECK(gdm::corner_distance(volume.grid, expected.grid).mm < 1e-12);
      // FTEXT, MTIME, XFL and OS; the extra field behind XLEN; or the unused bits after the last deflate block
      CHECK(((bit >= 24 && bit < 80) || (bit >= 96 && bit < header_bits) || bit / 8 == whole.size() - 9));
      ++harmless;
    } catch (const gdm::Error&) {
      ++detected;
    }
  };
  for (std::size_t bit = 0; bit < header_bits; ++bit) flip(bit);
  CHECK(detected >= 24 + 16);  // magic, method and XLEN
  const int before = detected;
  for (int n = 0; n < 400; ++n) flip(header_bits + static_cast<std::size_t>(random.below((whole.size() - 29) * 8)));
  CHECK(detected - before == 400);
}
