// Files of several pieces: what is converted, compressed and read in parallel is the same as in one go.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "io/nifti/nifti.hpp"
#include "io_fixture.hpp"
#include "sys/parallel.hpp"

using namespace gdm_test;
using gdm::Overwrite;
using gdm::Volume;
using gdm::VoxelType;

namespace {

/// 756,000 voxels: two to six pieces. Some values are clamped, halves are rounded, two are not finite.
Volume large_volume() {
  Volume volume(gdm::Grid::centred({105, 90, 80}, {1, 1, 2}), 0.0F);
  for (std::size_t n = 0; n < volume.voxels.size(); ++n) {
    volume.voxels[n] = static_cast<float>(n * 7919 % 9000) / 2 - 1100;
  }
  volume.voxels[400000] = std::numeric_limits<float>::quiet_NaN();
  volume.voxels.back() = std::numeric_limits<float>::infinity();
  return volume;
}

float as_int16(float value) {
  if (!std::isfinite(value)) return -1024;
  return static_cast<float>(std::floor(static_cast<double>(std::min(std::max(value, -1024.0F), 3071.0F)) + 0.5));
}

}  // namespace

TEST_CASE("pieces: every voxel is rounded, clamped and counted, with any number of threads") {
  const TemporaryFolder folder;
  const Volume volume = large_volume();
  std::int64_t outside = 0;
  for (const float v : volume.voxels) outside += std::isfinite(v) && (v < -1024 || v > 3071);
  for (const char* name : {"a.nii", "a.nii.gz"}) {
    ByteVector first;
    for (const int threads : {1, 2, 5}) {
      gdm::set_thread_count(threads);
      const auto report = gdm::write_volume(folder / name, volume, VoxelType::int16_hu, Overwrite::replace);
      CHECK(report.clamped == outside);
      CHECK(report.non_finite == 2);
      if (first.empty()) first = get_file(folder / name);
      CHECK(get_file(folder / name) == first);
      const Volume again = gdm::read_volume(folder / name);
      REQUIRE(again.voxels.size() == volume.voxels.size());
      CHECK(std::equal(again.voxels.begin(), again.voxels.end(), volume.voxels.begin(),
                       [](float read, float written) { return read == as_int16(written); }));
    }
    gdm::set_thread_count(0);
  }
  gdm::write_volume(folder / "f.nii.gz", volume, VoxelType::float32, Overwrite::refuse);
  const Volume floats = gdm::read_volume(folder / "f.nii.gz");
  CHECK(std::memcmp(floats.voxels.data(), volume.voxels.data(), volume.voxels.size() * 4) == 0);
  gdm::Mask mask(volume.grid, 0);
  for (std::size_t n = 0; n < mask.voxels.size(); n += 3) mask.voxels[n] = static_cast<std::uint8_t>(1 + n % 2);
  gdm::write_mask(folder / "m.nii.gz", mask, Overwrite::refuse);
  const gdm::Mask again = gdm::read_mask(folder / "m.nii.gz");
  CHECK(std::equal(again.voxels.begin(), again.voxels.end(), mask.voxels.begin(),
                   [](std::uint8_t read, std::uint8_t written) { return read == (written != 0); }));
}

TEST_CASE("pieces: members that end within the header, within a voxel, and in the padding") {
  const TemporaryFolder folder;
  RawNifti raw(1, false, {12, 11, 10}, 16, 32);
  raw.set_codes(1, 0);
  for (int n = 0; n < 12 * 11 * 10; ++n) raw.append(static_cast<float>(n) * 0.25F);
  raw.append_zeros(5000);
  for (const std::size_t piece : {std::size_t{16}, std::size_t{100}, std::size_t{352}, std::size_t{1001},
                                  std::size_t{2004}, std::size_t{5632}, std::size_t{100000}}) {
    INFO("members of ", piece, " bytes");
    put_file(folder / "a.nii.gz", gzipped(raw.bytes(), piece));
    const Volume volume = gdm::read_volume(folder / "a.nii.gz");
    REQUIRE(volume.voxels.size() == 1320);
    for (std::size_t n = 0; n < 1320; ++n) REQUIRE(volume.voxels[n] == static_cast<float>(n) * 0.25F);
    const ByteVector short_of_one(raw.bytes().begin(), raw.bytes().begin() + 352 + 1320 * 4 - 1);
    put_file(folder / "a.nii.gz", gzipped(short_of_one, piece));
    CHECK(contains(error_of([&] { gdm::read_volume(folder / "a.nii.gz"); }), "is truncated: 5631 bytes"));
  }
}
