// What gdm's reading and writing of volumes are timed against. Reading ends with float32 voxels, writing starts from
// them and ends with int16 ones, as in gdm; none of these writers syncs the file.
#pragma once

#include <filesystem>

#include "image/volume.hpp"

namespace gdm_bench {

/// zlib of this process, one member, one thread; `level` 0 writes the plain file.
void zlib_write(const std::filesystem::path& path, const gdm::Volume& volume, int level);
/// A NIfTI-1 int16 file written by any of the writers here.
gdm::Voxels<float> zlib_read(const std::filesystem::path& path);

void itk_write(const std::filesystem::path& path, const gdm::Volume& volume);
/// One voxel, so that nothing is optimised away.
float itk_read(const std::filesystem::path& path);

}  // namespace gdm_bench
