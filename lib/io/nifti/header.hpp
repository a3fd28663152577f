// Validation of a NIfTI-1 or NIfTI-2 header on a byte buffer: pure, so that tests and the fuzzer can reach all of it.
// Sources: nifti1.h (R. W. Cox, 2003) and nifti2.h of the NIfTI Data Format Working Group.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "io/nifti/nifti.hpp"

namespace gdm {

constexpr std::size_t nifti1_header_bytes = 348, nifti2_header_bytes = 540;

struct NiftiHeader {
  NiftiInfo info;
  int datatype = 0;               ///< NIfTI code
  std::size_t voxel_bytes = 0;    ///< per stored voxel
  std::uint64_t data_offset = 0;  ///< of the first voxel, in the single file or in the .img
  std::uint64_t data_bytes = 0;   ///< of all voxels
  bool pair = false;              ///< header and voxels in two files
  std::vector<std::string> warnings;

  /// Size the file with the voxels must have.
  std::uint64_t total_bytes() const { return data_offset + data_bytes; }
};

/// `bytes` is the start of a file; `available` may be less than a header. Throws Error for whatever is not valid;
/// allocates nothing that depends on the header.
NiftiHeader parse_nifti_header(const std::uint8_t* bytes, std::size_t available);

/// The 352 bytes before the voxels of a single NIfTI-1 file in this machine's byte order, for one of the datatypes 2
/// (uint8), 4 (int16) and 16 (float32). Throws Error for a grid that NIfTI-1 cannot hold.
std::array<std::uint8_t, 352> nifti1_header(const Grid& grid, int datatype);

}  // namespace gdm
