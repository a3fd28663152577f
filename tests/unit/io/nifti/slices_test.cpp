// Volumes slice by slice: the voxels that read_volume() gives, the bytes that write_volume() makes, and the same
// refusals.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "io/nifti/slices.hpp"
#include "io_fixture.hpp"
#include "sys/error.hpp"

using namespace gdm_test;
using gdm::Overwrite;
using gdm::SliceReader;
using gdm::SliceWriter;
using gdm::Volume;
using gdm::VoxelType;

namespace {

/// More than one piece of a file, and values that int16 HU clamp or lack.
Volume image(std::int64_t slices) {
  gdm::Grid grid;
  grid.shape_ijk = {131, 97, slices};
  for (std::size_t axis = 0; axis < 4; ++axis) grid.ijk_to_ras_mm[axis][axis] = 1;
  grid.ijk_to_ras_mm[2][3] = -40;
  Volume volume(grid, 0.0F);
  for (std::size_t n = 0; n < volume.voxels.size(); ++n)
    volume.voxels[n] = static_cast<float>(n * 7919 % 4000) - 900.4F;
  volume.voxels[5] = 9000;
  volume.voxels.back() = std::numeric_limits<float>::quiet_NaN();
  return volume;
}

}  // namespace

TEST_CASE("slices: written one after the other they are the file of the whole") {
  const TemporaryFolder folder;
  for (const std::int64_t slices : {1, 3, 70}) {
    const Volume volume = image(slices);
    for (const VoxelType type : {VoxelType::int16_hu, VoxelType::float32}) {
      for (const char* const suffix : {".nii", ".nii.gz"}) {
        for (const std::int64_t step : {1, 7, 100}) {
          const auto whole = folder / (std::string("whole") + suffix), parts = folder / (std::string("parts") + suffix);
          const gdm::WriteReport expected = write_volume(whole, volume, type, Overwrite::replace);
          SliceWriter writer(parts, volume.grid, type, Overwrite::replace);
          for (std::int64_t k = 0; k < slices; k += step) {
            writer.write(std::min(step, slices - k), volume.voxels.data() + volume.offset(0, 0, k));
          }
          const gdm::WriteReport report = writer.commit();
          CHECK(get_file(parts) == get_file(whole));
          CHECK(report.clamped == expected.clamped);
          CHECK(report.non_finite == expected.non_finite);
        }
      }
    }
  }
}

TEST_CASE("slices: without a commit there is no file") {
  const TemporaryFolder folder;
  const Volume volume = image(3);
  {
    SliceWriter writer(folder / "a.nii.gz", volume.grid, VoxelType::int16_hu, Overwrite::refuse);
    writer.write(2, volume.voxels.data());
    CHECK_THROWS_AS(writer.commit(), gdm::Error);  // a slice is missing
  }
  CHECK(folder.entries() == 0);
}

TEST_CASE("slices: read one after the other they are the voxels of the whole") {
  const TemporaryFolder folder;
  const Volume volume = image(19);
  for (const char* const name : {"a.nii", "a.nii.gz"}) {
    write_volume(folder / name, volume, VoxelType::int16_hu, Overwrite::replace);
    const Volume whole = gdm::read_volume(folder / name);
    for (const std::int64_t step : {1, 8, 19}) {
      SliceReader reader(folder / name);
      Volume read(reader.info().grid, 0.0F);
      for (std::int64_t k = 0; k < 19; k += step) {
        reader.read(std::min<std::int64_t>(step, 19 - k), read.voxels.data() + read.offset(0, 0, k));
      }
      CHECK(read.voxels == whole.voxels);
      float more = 0;
      CHECK_THROWS_AS(reader.read(1, &more), gdm::Error);
    }
    std::filesystem::resize_file(folder / name, std::filesystem::file_size(folder / name) - 3);
    Volume cut(volume.grid, 0.0F);
    CHECK_THROWS_AS(SliceReader(folder / name).read(19, cut.voxels.data()), gdm::Error);
  }
}
