// NIfTI-1/2 volumes: .nii, .nii.gz, .hdr/.img, and one uncompressed NIfTI-1 stream on "-".
//
// The header is validated before anything is allocated or handed to nifti_clib (which zero-fills truncated files and
// accepts impossible headers). Scaling is applied in double precision, then rounded to float32. Which transform is
// used, and what is refused, is the policy in gdm's manual page gdm-nifti(7).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "image/volume.hpp"
#include "sys/atomic_file.hpp"

namespace gdm {

namespace fs = std::filesystem;

/// What a header says about the stored voxels, for messages and `info`.
struct NiftiInfo {
  Grid grid;
  int version = 1;                      ///< 1 or 2
  bool swapped = false;                 ///< stored in the other byte order
  std::string datatype;                 ///< "int16", "float32", ...
  double slope = 1.0, intercept = 0.0;  ///< value = slope * stored + intercept; (1, 0) when the file states none
  std::string description;
  std::uint64_t extension_bytes = 0;  ///< between header and voxels of a single file
};

/// Reads and validates the header alone. Throws Error "FILE: what was found, what was expected".
NiftiInfo read_nifti_info(const fs::path& path);

/// Reads a 3-D volume (or a 4-D one whose last axis has length 1) as float32; "-" is standard input.
/// Throws Error for anything that is not whole and valid.
Volume read_volume(const fs::path& path);
/// The same, with what the header says, in one pass: a stream can be read only once.
Volume read_volume(const fs::path& path, NiftiInfo& info);

/// Reads a mask: non-zero voxels become 1. Throws Error also when `grid` is given and differs.
Mask read_mask(const fs::path& path, const Grid* grid = nullptr);
/// The same of the grid alone, from the header.
void require_grid_of_mask(const fs::path& path, const Grid& grid);

enum class VoxelType { int16_hu, float32, uint8 };
/// "int16", "float32", "uint8" -> VoxelType; throws Error with Exit::usage otherwise.
VoxelType voxel_type_from_name(const std::string& name);

/// What writing changed; goes into the sidecar.
struct WriteReport {
  std::int64_t clamped = 0;  ///< voxels outside the type's range (int16_hu: [-1024, 3071] HU)
  std::int64_t non_finite =
      0;  ///< NaN or infinite voxels; written as -1024 (int16_hu) or 0 (uint8), kept as they are in float32
};

/// Writes a NIfTI-1 single file, gzipped if the name ends in .gz, or an uncompressed stream to standard output for
/// "-" (refused when that is a terminal). sform always, qform when the affine is rigid times zooms to 1e-4.
WriteReport write_volume(const fs::path& path, const Volume& volume, VoxelType type, Overwrite overwrite);
WriteReport write_mask(const fs::path& path, const Mask& mask, Overwrite overwrite);

/// Removes ".nii.gz", ".nii", ".hdr" or ".img" from a file name: "out/a.nii.gz" -> "out/a".
fs::path without_nifti_suffix(const fs::path& path);

}  // namespace gdm
