// NIfTI round trips: every datatype, byte order, version, scaling and transform, from files, pairs, gzip and pipes.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <thread>

#include "image/grid_match.hpp"
#include "io/nifti/nifti.hpp"
#include "io_fixture.hpp"
#include "sys/log.hpp"

using namespace gdm_test;
using gdm::Grid;
using gdm::Overwrite;
using gdm::Volume;
using gdm::VoxelType;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<std::int64_t, 3> shape{3, 4, 2};

using Affine = std::array<std::array<double, 4>, 3>;

/// Rodrigues' rotation about a unit axis, times zooms; independent of the quaternion formula in the reader.
Affine rotation(std::array<double, 3> u, double angle, std::array<double, 3> zooms, std::array<double, 3> offset) {
  const double c = std::cos(angle), s = std::sin(angle);
  const std::array<std::array<double, 3>, 3> cross = {{{0, -u[2], u[1]}, {u[2], 0, -u[0]}, {-u[1], u[0], 0}}};
  Affine m{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      m[i][j] = ((i == j ? c : 0) + s * cross[i][j] + (1 - c) * u[i] * u[j]) * zooms[j];
    }
    m[i][3] = offset[i];
  }
  return m;
}

bool close_to(const Grid& grid, const Affine& expected, double tolerance) {
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 4; ++c) {
      const double scale = c < 3 ? 3.0 : std::abs(expected[r][3]) + 1;
      if (!(std::abs(grid.ijk_to_ras_mm[r][c] - expected[r][c]) < tolerance * scale)) return false;
    }
  }
  return true;
}

constexpr std::array<double, 3> zooms{0.9, 1.1, 2.5}, origin{-120.5, 33.25, 801.0};
const std::array<double, 3> rotation_axis{2.0 / 3, -2.0 / 3, 1.0 / 3};
constexpr double rotation_angle = 0.7;
const Affine oblique = rotation(rotation_axis, rotation_angle, zooms, origin);

enum class Transform { sform, qform, both, none };

void set_transform(RawNifti& raw, Transform transform) {
  const double s = std::sin(rotation_angle / 2);
  for (int i = 0; i < 3; ++i) raw.set_pixdim(i + 1, zooms[static_cast<std::size_t>(i)]);
  raw.set_quaternion(rotation_axis[0] * s, rotation_axis[1] * s, rotation_axis[2] * s, origin);
  raw.set_srow(oblique);
  raw.set_codes(transform == Transform::qform || transform == Transform::both ? 1 : 0,
                transform == Transform::sform || transform == Transform::both ? 2 : 0);
}

struct Scaling {
  double slope, intercept, applied_slope, applied_intercept;
};
constexpr std::array<Scaling, 4> scalings = {
    {{1, 0, 1, 0}, {0.5, -1024, 0.5, -1024}, {0, 7, 1, 0}, {nan_value, nan_value, 1, 0}}};

/// Voxel n of the test image: values at both ends of the type's range among small ones.
template <class Stored>
Stored stored_value(std::size_t n) {
  if (n == 0) return std::numeric_limits<Stored>::lowest();
  if (n == 1) return std::numeric_limits<Stored>::max();
  return static_cast<Stored>(3 * n + 1);
}

void check_written(const TemporaryFolder& folder, const Volume& volume, const Affine& affine) {
  gdm::write_volume(folder / "b.nii", volume, VoxelType::float32, Overwrite::replace);
  const Volume again = gdm::read_volume(folder / "b.nii");
  CHECK(std::memcmp(again.voxels.data(), volume.voxels.data(), volume.voxels.size() * sizeof(float)) == 0);
  CHECK(close_to(again.grid, affine, 1e-6));
  const bool qform_alone = volume.grid.sform_code == 0 && volume.grid.qform_code > 0;
  CHECK(again.grid.sform_code == (qform_alone ? volume.grid.qform_code : volume.grid.sform_code));
  CHECK(again.grid.qform_code == volume.grid.qform_code);
}

template <class Stored>
void round_trip(const TemporaryFolder& folder, int datatype, const std::string& name) {
  std::vector<Stored> stored(24);
  for (std::size_t n = 0; n < stored.size(); ++n) stored[n] = stored_value<Stored>(n);
  int counter = 0;
  for (const int version : {1, 2}) {
    for (const bool swapped : {false, true}) {
      for (const Scaling& scaling : scalings) {
        for (const auto transform : {Transform::sform, Transform::qform, Transform::both, Transform::none}) {
          INFO(name, " version ", version, " swapped ", swapped, " slope ", scaling.slope, " transform ",
               int(transform));
          RawNifti raw(version, swapped, shape, datatype, static_cast<int>(8 * sizeof(Stored)));
          raw.set_scaling(scaling.slope, scaling.intercept);
          set_transform(raw, transform);
          if (++counter % 3 == 0) {  // a 32-byte extension before the voxels
            raw.set_offset((version == 1 ? 352 : 544) + 32);
            raw.append_zeros(32);
          }
          for (const Stored value : stored) raw.append(value);
          put_file(folder / "a.nii", raw.bytes());
          const gdm::NiftiInfo info = gdm::read_nifti_info(folder / "a.nii");
          CHECK(info.version == version);
          CHECK(info.swapped == swapped);
          CHECK(info.datatype == name);
          const Volume volume = gdm::read_volume(folder / "a.nii");
          REQUIRE(volume.voxels.size() == stored.size());
          for (std::size_t n = 0; n < stored.size(); ++n) {
            const double value = static_cast<double>(stored[n]) * scaling.applied_slope + scaling.applied_intercept;
            CHECK(volume.voxels[n] == static_cast<float>(value));
          }
          const Affine plain = {{{zooms[0], 0, 0, 0}, {0, zooms[1], 0, 0}, {0, 0, zooms[2], 0}}};
          CHECK(close_to(volume.grid, transform == Transform::none ? plain : oblique, 1e-6));
          // Each write waits for the disk; the scaling does not reach the writer.
          if (scaling.slope == 0.5) check_written(folder, volume, transform == Transform::none ? plain : oblique);
        }
      }
    }
  }
}

RawNifti int16_image() {
  RawNifti raw(1, false, shape, 4, 16);
  set_transform(raw, Transform::both);
  for (int n = 0; n < 24; ++n) raw.append(static_cast<std::int16_t>(100 * n - 1024));
  return raw;
}

/// Warnings are lines on stderr; while this lives they go to a file.
class CapturedErrors {
 public:
  explicit CapturedErrors(const fs::path& path) : path_(path), saved_(::dup(2)) {
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "w"), std::fclose);
    ::dup2(::fileno(file.get()), 2);
  }
  ~CapturedErrors() {
    ::dup2(saved_, 2);
    ::close(saved_);
  }
  CapturedErrors(const CapturedErrors&) = delete;
  CapturedErrors& operator=(const CapturedErrors&) = delete;
  std::string text() const {
    const ByteVector bytes = get_file(path_);
    return {bytes.begin(), bytes.end()};
  }

 private:
  fs::path path_;
  int saved_;
};

std::string warnings_of(const TemporaryFolder& folder, RawNifti& raw) {
  put_file(folder / "w.nii", raw.bytes());
  const CapturedErrors errors(folder / "stderr");
  gdm::read_volume(folder / "w.nii");
  return errors.text();
}

}  // namespace

TEST_CASE("nifti: every datatype, byte order, version, scaling and transform is read and written back") {
  const TemporaryFolder folder;
  round_trip<std::uint8_t>(folder, 2, "uint8");
  round_trip<std::int16_t>(folder, 4, "int16");
  round_trip<std::int32_t>(folder, 8, "int32");
  round_trip<float>(folder, 16, "float32");
  round_trip<double>(folder, 64, "float64");
  round_trip<std::int8_t>(folder, 256, "int8");
  round_trip<std::uint16_t>(folder, 512, "uint16");
  round_trip<std::uint32_t>(folder, 768, "uint32");
  round_trip<std::int64_t>(folder, 1024, "int64");
  round_trip<std::uint64_t>(folder, 1280, "uint64");
}

TEST_CASE("nifti: gzip, pairs, pipes and standard input give the same volume") {
  const TemporaryFolder folder;
  RawNifti raw = int16_image();
  const ByteVector plain = raw.bytes();
  put_file(folder / "a.nii", plain);
  const Volume expected = gdm::read_volume(folder / "a.nii");
  CHECK(expected.voxels[23] == 1276.0F);
  const auto same = [&](const Volume& volume) {
    return volume.voxels == expected.voxels && gdm::corner_distance(volume.grid, expected.grid).mm < 1e-9;
  };
  put_file(folder / "a.nii.gz", gzipped(plain));
  CHECK(same(gdm::read_volume(folder / "a.nii.gz")));

  std::memcpy(&raw.bytes()[344], "ni1", 4);
  raw.set_offset(0);
  put_file(folder / "p.hdr", ByteVector(raw.bytes().begin(), raw.bytes().begin() + 348));
  const ByteVector voxels(plain.begin() + 352, plain.end());
  put_file(folder / "p.img", voxels);
  CHECK(same(gdm::read_volume(folder / "p.hdr")));
  CHECK(same(gdm::read_volume(folder / "p.img")));
  fs::remove(folder / "p.img");
  CHECK(contains(error_of([&] { gdm::read_volume(folder / "p.hdr"); }), "p.img: No such file"));
  put_file(folder / "p.img.gz", gzipped(voxels));
  CHECK(same(gdm::read_volume(folder / "p.hdr")));
  CHECK(same(gdm::read_volume(folder / "p.img.gz")));

  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  for (const ByteVector& content : {plain, gzipped(plain)}) {
    std::thread writer([&] { put_file(folder / "fifo", content); });
    CHECK(same(gdm::read_volume(folder / "fifo")));
    writer.join();
  }
  const int saved = ::dup(0);
  for (const std::string name : {"a.nii", "a.nii.gz"}) {
    std::thread writer([&] { put_file(folder / "fifo", get_file(folder / name)); });
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(std::fopen((folder / "fifo").c_str(), "r"), std::fclose);
    ::dup2(::fileno(pipe.get()), 0);
    CHECK(same(gdm::read_volume("-")));
    ::dup2(saved, 0);
    writer.join();
  }
  ::close(saved);
}

TEST_CASE("nifti: int16 HU clamps, rounds and counts, uint8 and float32 as documented") {
  const TemporaryFolder folder;
  const float infinity = std::numeric_limits<float>::infinity();
  Volume volume(Grid::centred({8, 1, 1}, {1, 1, 1}), 0.0F);
  volume.voxels = {-2000.0F, -1024.0F, -0.6F, 0.4999F, 3071.0F, 3072.0F, static_cast<float>(nan_value), infinity};
  const auto report = gdm::write_volume(folder / "a.nii.gz", volume, VoxelType::int16_hu, Overwrite::refuse);
  CHECK(report.clamped == 2);
  CHECK(report.non_finite == 2);
  CHECK(gdm::read_volume(folder / "a.nii.gz").voxels ==
        gdm::Voxels<float>{-1024, -1024, -1, 0, 3071, 3071, -1024, -1024});
  CHECK(gdm::read_nifti_info(folder / "a.nii.gz").datatype == "int16");
  CHECK(contains(gdm::read_nifti_info(folder / "a.nii.gz").description, "gdm "));
  const auto bytes = gdm::write_volume(folder / "b.nii", volume, VoxelType::uint8, Overwrite::refuse);
  CHECK(bytes.clamped == 5);
  CHECK(gdm::read_volume(folder / "b.nii").voxels == gdm::Voxels<float>{0, 0, 0, 0, 255, 255, 0, 0});
  const auto floats = gdm::write_volume(folder / "c.nii", volume, VoxelType::float32, Overwrite::refuse);
  CHECK(floats.clamped == 0);
  CHECK(floats.non_finite == 2);
  const Volume kept = gdm::read_volume(folder / "c.nii");
  CHECK(std::isnan(kept.voxels[6]));
  CHECK(kept.voxels[7] == infinity);
  const gdm::Mask mask = gdm::read_mask(folder / "c.nii");
  CHECK(mask.voxels == gdm::Voxels<std::uint8_t>{1, 1, 1, 1, 1, 1, 0, 1});
  gdm::write_mask(folder / "m.nii.gz", mask, Overwrite::refuse);
  CHECK(gdm::read_mask(folder / "m.nii.gz", &volume.grid).voxels == mask.voxels);
  const Grid other = Grid::centred({8, 1, 1}, {1, 1, 1.5});
  CHECK(gdm::read_mask(folder / "m.nii.gz", &other).voxels == mask.voxels);  // one slice: spacing in k moves nothing
  const Grid shifted = Grid::centred({8, 1, 1}, {1.1, 1, 1});
  CHECK(contains(error_of([&] { gdm::read_mask(folder / "m.nii.gz", &shifted); }),
                 "m.nii.gz: the mask is on another grid than its volume"));
}

TEST_CASE("nifti: names and targets that are not written") {
  const TemporaryFolder folder;
  const Volume volume(Grid::centred({2, 2, 2}, {1, 1, 1}), 0.0F);
  const auto write = [&](const fs::path& path, const Volume& v) {
    return error_of([&] { gdm::write_volume(path, v, VoxelType::float32, Overwrite::refuse); });
  };
  CHECK(contains(write(folder / "a.hdr", volume), "expected a name that ends in .nii or .nii.gz"));
  CHECK(contains(write(folder / "none/a.nii", volume), "none/a.nii"));
  CHECK(contains(write("/dev/full", volume), "/dev/full: No space left on device"));
  CHECK(write(folder / "a.nii", volume) == "no error");
  CHECK(contains(write(folder / "a.nii", volume), "a.nii: exists already"));
  Volume wrong = volume;
  wrong.voxels.pop_back();
  CHECK(contains(write(folder / "b.nii", wrong), "7 voxels for a grid of 2 x 2 x 2"));
  CHECK(contains(write(folder / "b.nii", Volume(Grid::centred({40000, 1, 1}, {1, 1, 1}), 0.0F)), "40000"));
  CHECK_THROWS_AS(gdm::voxel_type_from_name("int12"), gdm::Error);
  CHECK(gdm::without_nifti_suffix("x/a.b.nii.gz") == "x/a.b");
  CHECK(gdm::without_nifti_suffix("x/a.img") == "x/a");
  CHECK(folder.entries() == 1);
}

TEST_CASE("nifti: which transform is used, and when a warning says so") {
  const TemporaryFolder folder;
  RawNifti raw = int16_image();
  CHECK(warnings_of(folder, raw).empty());
  Affine moved = oblique;
  moved[0][3] += 0.05;
  raw.set_srow(moved);
  CHECK(warnings_of(folder, raw).empty());
  moved[0][3] += 0.1;
  raw.set_srow(moved);
  const std::string differ = warnings_of(folder, raw);
  CHECK(contains(differ, "w.nii: sform and qform differ by up to 0.167 voxels; the sform is used"));
  CHECK(std::count(differ.begin(), differ.end(), '\n') == 1);
  Affine sheared = oblique;
  for (std::size_t r = 0; r < 3; ++r) sheared[r][1] += 0.2 * oblique[r][0];
  raw.set_srow(sheared);
  raw.set_codes(0, 1);
  CHECK(contains(warnings_of(folder, raw), "not orthogonal (sheared)"));
  const Volume volume = gdm::read_volume(folder / "w.nii");
  gdm::write_volume(folder / "s.nii", volume, VoxelType::float32, Overwrite::refuse);
  const Volume written = gdm::read_volume(folder / "s.nii");
  CHECK(close_to(written.grid, sheared, 1e-6));
  CHECK(written.grid.qform_code == 0);
  RawNifti metres = int16_image();
  metres.bytes()[123] = 1;
  Affine in_metres = oblique;
  for (auto& row : in_metres) {
    for (double& value : row) value *= 1e-3;
  }
  metres.set_srow(in_metres);
  metres.set_codes(0, 1);
  CHECK(contains(warnings_of(folder, metres), "converted to millimetres"));
  CHECK(close_to(gdm::read_volume(folder / "w.nii").grid, oblique, 1e-6));
}

TEST_CASE("nifti: an sform that was never written gives way to a good qform") {
  const TemporaryFolder folder;
  RawNifti raw = int16_image();
  raw.set_codes(2, 0);
  put_file(folder / "q.nii", raw.bytes());
  const Grid expected = gdm::read_volume(folder / "q.nii").grid;
  for (const double offset : {0.0, 30.0}) {  // with or without a place
    raw.set_codes(2, 1);
    raw.set_srow({{{0, 0, 0, offset}, {0, 0, 0, 0}, {0, 0, 0, 0}}});
    CHECK(contains(warnings_of(folder, raw), "w.nii: the sform has code 1 but only zeros; the qform is used"));
    const Grid grid = gdm::read_volume(folder / "w.nii").grid;
    CHECK(gdm::corner_distance(grid, expected).mm < 1e-9);
    CHECK(grid.sform_code == 0);
    CHECK(grid.qform_code == 2);
  }
  raw.set_codes(0, 1);
  put_file(folder / "w.nii", raw.bytes());
  CHECK(contains(error_of([&] { gdm::read_volume(folder / "w.nii"); }), "the sform is singular"));
  raw.set_codes(2, 1);  // damaged, not blank
  raw.set_srow({{{1, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 1, 0}}});
  put_file(folder / "w.nii", raw.bytes());
  CHECK(contains(error_of([&] { gdm::read_volume(folder / "w.nii"); }), "the sform is singular"));
}

TEST_CASE("nifti: a half turn close to the limit of single precision agrees with its sform or has no qform") {
  const TemporaryFolder folder;
  for (const double angle : {3.14159265, 3.1412, 3.1409, 3.14, 1.0, -3.1411}) {
    const Affine affine = rotation(rotation_axis, angle, {0.5, 0.5, 0.5}, origin);
    Volume volume(Grid::centred({300, 2, 2}, {1, 1, 1}), 0.0F);
    for (std::size_t r = 0; r < 3; ++r) volume.grid.ijk_to_ras_mm[r] = affine[r];
    gdm::write_volume(folder / "a.nii", volume, VoxelType::uint8, Overwrite::replace);
    const CapturedErrors errors(folder / "stderr");
    const Volume again = gdm::read_volume(folder / "a.nii");
    CHECK(errors.text().empty());
    CHECK(gdm::corner_distance(again.grid, volume.grid).mm < 1e-3);
  }
}

TEST_CASE("nifti: fewer and more axes than three") {
  const TemporaryFolder folder;
  RawNifti raw = int16_image();
  raw.set_dim(0, 4);
  raw.set_dim(4, 1);
  CHECK(warnings_of(folder, raw).empty());
  raw.set_dim(0, 7);
  CHECK(warnings_of(folder, raw).empty());
  RawNifti flat(1, true, {6, 4, 99}, 4, 16);
  flat.set_dim(0, 2);
  flat.set_pixdim(3, 0);
  flat.set_codes(1, 0);
  flat.append_zeros(48);
  CHECK(warnings_of(folder, flat).empty());
  CHECK(gdm::read_volume(folder / "w.nii").grid.shape_ijk == gdm::Index3{6, 4, 1});
}
