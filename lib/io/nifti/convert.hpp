// Stored voxels of any accepted datatype and byte order to float32 volumes and to masks.
#pragma once

#include <cstddef>
#include <cstdint>

#include "io/nifti/header.hpp"

namespace gdm {

/// Converts `count` stored voxels: scaled in double precision, then rounded to float32.
void convert_stored(const NiftiHeader& header, const std::uint8_t* from, std::size_t count, float* to);
/// The same, then 1 for what is neither 0 nor NaN.
void convert_stored(const NiftiHeader& header, const std::uint8_t* from, std::size_t count, std::uint8_t* to);

}  // namespace gdm
