// Writing: one NIfTI-1 single file, its header built field by field, the qform only where it says the same as the
// sform.
#include <fmt/format.h>
#include <nifti1_io.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "io/nifti/header.hpp"
#include "io/nifti/nifti.hpp"
#include "io/nifti/pieces.hpp"
#include "io/nifti/stored.hpp"
#include "sys/error.hpp"
#include "sys/version.hpp"

namespace gdm {
namespace {

constexpr float lowest_hu = -1024.0F, highest_hu = 3071.0F;  // the 12-bit range of CT scanners

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Fills quaternion, offset, pixdim; the result is valid if what a reader computes from it agrees with the affine to
/// 1e-4 of a voxel edge, which fails for sheared axes and for rotations that single precision cannot hold.
bool set_qform(const Matrix4& affine, nifti_1_header& header) {
  mat44 matrix;
  for (std::size_t r = 0; r < 4; ++r) {
    for (std::size_t c = 0; c < 4; ++c) matrix.m[r][c] = static_cast<float>(affine[r][c]);
  }
  float* pixdim = header.pixdim;
  nifti_mat44_to_quatern(matrix, &header.quatern_b, &header.quatern_c, &header.quatern_d, &header.qoffset_x,
                         &header.qoffset_y, &header.qoffset_z, &pixdim[1], &pixdim[2], &pixdim[3], &pixdim[0]);
  const mat44 back =
      nifti_quatern_to_mat44(header.quatern_b, header.quatern_c, header.quatern_d, header.qoffset_x, header.qoffset_y,
                             header.qoffset_z, pixdim[1], pixdim[2], pixdim[3], pixdim[0]);
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t r = 0; r < 3; ++r) {
      if (!(std::abs(static_cast<double>(back.m[r][c]) - affine[r][c]) <= 1e-4 * pixdim[c + 1])) return false;
    }
  }
  return true;
}

/// Codes are copied. An affine without any code keeps code 0 only where the pixdim alone give it back.
void set_transforms(const Grid& grid, nifti_1_header& header) {
  const Matrix4& affine = grid.ijk_to_ras_mm;
  const bool rigid = set_qform(affine, header);
  bool plain = true;
  for (std::size_t r = 0; r < 3; ++r) {
    float* row = r == 0 ? header.srow_x : r == 1 ? header.srow_y : header.srow_z;
    for (std::size_t c = 0; c < 4; ++c) {
      row[c] = static_cast<float>(affine[r][c]);
      if (!std::isfinite(row[c])) throw Error(fmt::format("the affine contains {}, expected millimetres", row[c]));
      plain = plain && (r == c ? row[c] > 0 : row[c] == 0);
    }
  }
  const int fallback = grid.qform_code > 0 ? grid.qform_code : plain ? 0 : NIFTI_XFORM_ALIGNED_ANAT;
  header.sform_code = static_cast<short>(grid.sform_code > 0 ? grid.sform_code : fallback);
  header.qform_code = static_cast<short>(rigid ? grid.qform_code : 0);
}

/// Voxels brought into [low, high] and rounded (halves upwards); non-finite ones become `missing`. At most 2^31 voxels.
template <class Stored>
WriteReport convert(const float* from, std::size_t count, float low, float high, Stored missing, std::uint8_t* to) {
  int non_finite = 0, outside = 0;  // of the width of a float, so that the loop runs in vectors
  for (std::size_t i = 0; i < count; ++i) {
    const float value = from[i];
    const bool finite = std::isfinite(value);
    const float kept = finite ? std::min(std::max(value, low), high) : low;
    const int truncated = static_cast<int>(kept);
    const float rest = kept - static_cast<float>(truncated);  // exact, where adding 0.5 would not be
    const int rounded = truncated + (rest >= 0.5F ? 1 : 0) - (rest < -0.5F ? 1 : 0);
    non_finite += finite ? 0 : 1;
    outside += finite && kept != value ? 1 : 0;
    const auto stored = static_cast<Stored>(finite ? rounded : missing);
    std::memcpy(to + i * sizeof(Stored), &stored, sizeof(Stored));
  }
  return {outside, non_finite};
}

WriteReport keep_floats(const float* from, std::size_t count, std::uint8_t* to) {
  std::memcpy(to, from, count * sizeof(float));
  WriteReport report;
  report.non_finite = std::count_if(from, from + count, [](float value) { return !std::isfinite(value); });
  return report;
}

template <class T>
void check_image(const fs::path& path, const Image<T>& image, Overwrite overwrite) {
  const Index3& shape = image.grid.shape_ijk;
  if (static_cast<std::int64_t>(image.voxels.size()) != image.grid.voxels()) {
    throw Error(fmt::format("{}: {} voxels for a grid of {} x {} x {}", path.string(), image.voxels.size(), shape[0],
                            shape[1], shape[2]));
  }
  check_volume_name(path, overwrite);
}

/// All voxels at once.
WriteReport write_pieces(const fs::path& path, const Grid& grid, int datatype, std::size_t voxel_bytes,
                         const StoreVoxels& store, Overwrite overwrite) {
  PieceWriter pieces(path, grid, datatype, voxel_bytes, overwrite);
  pieces.advance(static_cast<std::size_t>(grid.voxels()), store);
  return pieces.commit();
}

}  // namespace

std::array<std::uint8_t, 352> nifti1_header(const Grid& grid, int datatype) {
  nifti_1_header header = {};
  header.sizeof_hdr = static_cast<int>(nifti1_header_bytes);
  header.regular = 'r';
  header.dim[0] = 3;
  for (std::size_t axis = 0; axis < 7; ++axis) {
    const std::int64_t extent = axis < 3 ? grid.shape_ijk[axis] : 1;
    if (extent < 1 || extent > 32767) {
      throw Error(fmt::format("axis {} has {} voxels, expected 1 to 32767", axis + 1, extent));
    }
    header.dim[axis + 1] = static_cast<short>(extent);
    header.pixdim[axis + 1] = 1.0F;
  }
  header.datatype = static_cast<short>(datatype);
  header.bitpix = datatype == NIFTI_TYPE_UINT8 ? 8 : datatype == NIFTI_TYPE_INT16 ? 16 : 32;
  header.vox_offset = 352.0F;
  header.scl_slope = 1.0F;
  header.xyzt_units = NIFTI_UNITS_MM;
  std::snprintf(header.descrip, sizeof header.descrip, "gdm %s", GDM_VERSION);
  set_transforms(grid, header);
  std::memcpy(header.magic, "n+1", 4);
  std::array<std::uint8_t, 352> bytes{};  // the last four bytes say that there is no extension
  static_assert(sizeof header == nifti1_header_bytes);
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

void check_volume_name(const fs::path& path, Overwrite overwrite) {
  if (path == "-") {
    if (::isatty(STDOUT_FILENO) == 1) throw Error("standard output is a terminal; a volume is not written to it");
    return;
  }
  const std::string name = path.filename().string();
  std::error_code absent;
  const bool special = fs::is_other(path, absent);
  if (!ends_with(name, ".nii") && !ends_with(name, ".nii.gz") && !special) {
    throw Error(path.string() + ": expected a name that ends in .nii or .nii.gz", Exit::usage);
  }
  check_writable(path, overwrite);
}

StoredType stored_type(VoxelType type) {
  switch (type) {
    case VoxelType::int16_hu:
      return {NIFTI_TYPE_INT16, 2, [](const float* from, std::size_t count, std::uint8_t* to) {
                return convert(from, count, lowest_hu, highest_hu, static_cast<std::int16_t>(lowest_hu), to);
              }};
    case VoxelType::uint8:
      return {NIFTI_TYPE_UINT8, 1, [](const float* from, std::size_t count, std::uint8_t* to) {
                return convert(from, count, 0.0F, 255.0F, std::uint8_t{0}, to);
              }};
    default:
      return {NIFTI_TYPE_FLOAT32, 4, keep_floats};
  }
}

VoxelType voxel_type_from_name(const std::string& name) {
  if (name == "int16") return VoxelType::int16_hu;
  if (name == "float32") return VoxelType::float32;
  if (name == "uint8") return VoxelType::uint8;
  throw Error("voxel type '" + name + "': expected int16, float32 or uint8", Exit::usage);
}

WriteReport write_volume(const fs::path& path, const Volume& volume, VoxelType type, Overwrite overwrite) {
  check_image(path, volume, overwrite);
  const StoredType stored = stored_type(type);
  const auto store = [&](std::size_t first, std::size_t count, std::uint8_t* to) {
    return stored.convert(volume.voxels.data() + first, count, to);
  };
  return write_pieces(path, volume.grid, stored.datatype, stored.voxel_bytes, store, overwrite);
}

bool stored_as_integers(const NiftiInfo& stored) {
  const auto whole = [](double value) { return value == std::floor(value); };
  return stored.datatype.find("int") != std::string::npos && whole(stored.slope) && whole(stored.intercept);
}

WriteReport write_as_stored(const fs::path& path, const Volume& volume, const NiftiInfo& stored, Overwrite overwrite) {
  const auto all_whole = [&volume](float low, float high) {
    return std::all_of(volume.voxels.begin(), volume.voxels.end(),
                       [=](float v) { return v >= low && v <= high && v == std::floor(v); });
  };
  const bool integers = stored_as_integers(stored);
  if (integers && stored.datatype == "uint8" && all_whole(0, 255)) {
    return write_volume(path, volume, VoxelType::uint8, overwrite);
  }
  if (!integers || !all_whole(-32768, 32767)) return write_volume(path, volume, VoxelType::float32, overwrite);
  check_image(path, volume, overwrite);
  const float* voxels = volume.voxels.data();
  const auto store = [voxels](std::size_t first, std::size_t count, std::uint8_t* to) {
    return convert(voxels + first, count, -32768.0F, 32767.0F, std::int16_t{0}, to);
  };
  return write_pieces(path, volume.grid, NIFTI_TYPE_INT16, 2, store, overwrite);
}

WriteReport write_mask(const fs::path& path, const Mask& mask, Overwrite overwrite) {
  check_image(path, mask, overwrite);
  const std::uint8_t* voxels = mask.voxels.data();
  const auto store = [voxels](std::size_t first, std::size_t count, std::uint8_t* to) {
    std::transform(voxels + first, voxels + first + count, to,
                   [](std::uint8_t voxel) { return static_cast<std::uint8_t>(voxel != 0); });
    return WriteReport();
  };
  return write_pieces(path, mask.grid, NIFTI_TYPE_UINT8, 1, store, overwrite);
}

fs::path without_nifti_suffix(const fs::path& path) {
  const std::string name = path.string();
  for (const char* suffix : {".nii.gz", ".hdr.gz", ".img.gz", ".nii", ".hdr", ".img"}) {
    if (ends_with(name, suffix)) return name.substr(0, name.size() - std::strlen(suffix));
  }
  return path;
}

}  // namespace gdm
