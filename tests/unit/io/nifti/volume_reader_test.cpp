// Boxes of a volume: the same voxels at the same places as in the whole, from every kind of file, in little memory.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "io/nifti/nifti.hpp"
#include "io/nifti/volume_reader.hpp"
#include "io_fixture.hpp"

using namespace gdm_test;
using gdm::Index3;
using gdm::Volume;
using gdm::VolumeReader;

namespace {

/// Scaled and oblique, with the bytes of voxel n all different from those of its neighbours.
template <class Stored>
RawNifti image(int version, bool swapped, const std::array<std::int64_t, 3>& shape, int datatype) {
  RawNifti raw(version, swapped, shape, datatype, static_cast<int>(8 * sizeof(Stored)));
  raw.set_scaling(0.5, -3);
  raw.set_codes(0, 1);
  raw.set_srow({{{0.8, 0.6, 0, -70}, {-0.6, 0.8, 0, 30}, {0, 0, 2, 800}}});
  const std::int64_t count = shape[0] * shape[1] * shape[2];
  for (std::int64_t n = 0; n < count; ++n) raw.append(static_cast<Stored>(n * 37 % 30011));
  return raw;
}

bool is_cut_from(const Volume& box, const Volume& whole, const Index3& first) {
  const Index3& shape = box.grid.shape_ijk;
  if (static_cast<std::int64_t>(box.voxels.size()) != gdm::voxel_count(shape)) return false;
  for (std::int64_t k = 0; k < shape[2]; ++k) {
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        if (box.at(i, j, k) != whole.at(first[0] + i, first[1] + j, first[2] + k)) return false;
      }
    }
  }
  for (const gdm::Point3 at : {gdm::Point3{0, 0, 0}, gdm::Point3{1, 2, 3}}) {
    gdm::Point3 in_whole{};
    for (std::size_t a = 0; a < 3; ++a) in_whole[a] = at[a] + static_cast<double>(first[a]);
    const gdm::Point3 p = box.grid.ras_of_index(at), q = whole.grid.ras_of_index(in_whole);
    for (std::size_t a = 0; a < 3; ++a) {
      if (!(std::abs(p[a] - q[a]) < 1e-9)) return false;
    }
  }
  return true;
}

/// The whole, a voxel, rows, planes, and small boxes at all corners.
void check_boxes(const fs::path& path, const Volume& whole) {
  const VolumeReader reader(path);
  const Index3& n = whole.grid.shape_ijk;
  CHECK(reader.info().grid.shape_ijk == n);
  for (const Index3& shape : {n, Index3{1, 1, 1}, Index3{n[0], 1, 1}, Index3{n[0], n[1], 1}, Index3{1, n[1], n[2]},
                              Index3{n[0] / 2, n[1] - 1, n[2] / 2 + 1}}) {
    for (int corner = 0; corner < 8; ++corner) {
      Index3 first{};
      for (std::size_t a = 0; a < 3; ++a) first[a] = (corner >> a & 1) != 0 ? n[a] - shape[a] : 0;
      INFO(path.string(), " box ", shape[0], " ", shape[1], " ", shape[2], " corner ", corner);
      CHECK(is_cut_from(reader.read(first, shape), whole, first));
    }
  }
}

template <class Stored>
void check_type(const TemporaryFolder& folder, int datatype) {
  for (const int version : {1, 2}) {
    for (const bool swapped : {false, true}) {
      put_file(folder / "a.nii", image<Stored>(version, swapped, {7, 5, 4}, datatype).bytes());
      check_boxes(folder / "a.nii", gdm::read_volume(folder / "a.nii"));
    }
  }
}

}  // namespace

TEST_CASE("boxes: every datatype, version and byte order") {
  const TemporaryFolder folder;
  check_type<std::uint8_t>(folder, 2);
  check_type<std::int16_t>(folder, 4);
  check_type<std::int32_t>(folder, 8);
  check_type<float>(folder, 16);
  check_type<double>(folder, 64);
  check_type<std::int8_t>(folder, 256);
  check_type<std::uint16_t>(folder, 512);
  check_type<std::uint32_t>(folder, 768);
  check_type<std::int64_t>(folder, 1024);
  check_type<std::uint64_t>(folder, 1280);
}

TEST_CASE("boxes: rows far apart, planes larger than one read, gzip, pairs and pipes") {
  const TemporaryFolder folder;
  for (const auto& shape : {std::array<std::int64_t, 3>{5000, 3, 2}, std::array<std::int64_t, 3>{300, 500, 2}}) {
    RawNifti raw = image<std::int16_t>(1, false, shape, 4);
    put_file(folder / "a.nii", raw.bytes());
    put_file(folder / "a.nii.gz", gzipped(raw.bytes()));
    const Volume whole = gdm::read_volume(folder / "a.nii");
    check_boxes(folder / "a.nii", whole);
    check_boxes(folder / "a.nii.gz", whole);
    std::memcpy(&raw.bytes()[344], "ni1", 4);
    raw.set_offset(0);
    put_file(folder / "p.hdr", ByteVector(raw.bytes().begin(), raw.bytes().begin() + 348));
    put_file(folder / "p.img", ByteVector(raw.bytes().begin() + 352, raw.bytes().end()));
    check_boxes(folder / "p.img", whole);
  }
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  std::thread writer([&] { put_file(folder / "fifo", get_file(folder / "a.nii")); });
  check_boxes(folder / "fifo", gdm::read_volume(folder / "a.nii"));
  writer.join();
}

TEST_CASE("boxes: outside of the volume, and files that end before it") {
  const TemporaryFolder folder;
  const ByteVector bytes = image<std::int16_t>(1, false, {7, 5, 4}, 4).bytes();
  put_file(folder / "a.nii", bytes);
  const VolumeReader reader(folder / "a.nii");
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const auto refused = [&](const Index3& first, const Index3& shape) {
    return contains(error_of([&] { reader.read(first, shape); }), "a.nii: a box of");
  };
  CHECK(refused({0, 0, -1}, {1, 1, 1}));
  CHECK(refused({0, 5, 0}, {1, 1, 1}));
  CHECK(refused({1, 0, 0}, {7, 1, 1}));
  CHECK(refused({1, 0, 0}, {most, 1, 1}));
  CHECK(refused({most, 0, 0}, {1, 1, 1}));
  CHECK(refused({0, 0, 0}, {1, 0, 1}));
  put_file(folder / "short.nii", ByteVector(bytes.begin(), bytes.end() - 1));
  CHECK(contains(error_of([&] { VolumeReader(folder / "short.nii"); }), "short.nii: is truncated: 631 bytes"));
  fs::resize_file(folder / "a.nii", 500);
  CHECK_NOTHROW(reader.read({0, 0, 0}, {7, 5, 2}));
  CHECK(contains(error_of([&] { reader.read({0, 0, 3}, {1, 1, 1}); }), "a.nii: is truncated: 500 bytes"));
}

TEST_CASE("boxes: a large file needs memory for the box alone") {
  const TemporaryFolder folder;
  RawNifti raw(1, false, {1024, 1024, 768}, 4, 16);  // 1.6 GB
  put_file(folder / "a.nii", raw.bytes());
  fs::resize_file(folder / "a.nii", 352 + std::uintmax_t{1024} * 1024 * 768 * 2);
  {
    std::fstream file(folder / "a.nii", std::ios::in | std::ios::out | std::ios::binary);
    const std::int16_t value = 1234;
    file.seekp(352 + (500 + std::streamoff{1024} * (600 + std::streamoff{1024} * 700)) * 2);
    file.write(reinterpret_cast<const char*>(&value), sizeof value);
  }
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  const Volume box = VolumeReader(folder / "a.nii").read({480, 580, 680}, {64, 64, 64});
  ::getrusage(RUSAGE_SELF, &after);
  CHECK(box.at(20, 20, 20) == 1234.0F);
  CHECK(std::count(box.voxels.begin(), box.voxels.end(), 0.0F) == 64 * 64 * 64 - 1);
  CHECK(after.ru_maxrss - before.ru_maxrss < 64 * 1024);
}
