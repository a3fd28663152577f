// Boxes of a volume, for data that do not fit in memory: of an uncompressed file only the box is read; from gzip and
// from streams, which can only be read from their start, the whole volume is read once and kept.
//
// Boxes are read with pread and not through mmap: a mapped file that somebody cuts kills the process with SIGBUS, which
// a library cannot turn into an error without taking over the process's signals; a short read is an Error. It is not
// slower either, as voxels are converted to float32 anyway, from a small buffer that stays in the cache.
#pragma once

#include <filesystem>
#include <memory>

#include "image/volume.hpp"
#include "io/nifti/nifti.hpp"

namespace gdm {

struct OpenedNifti;

class VolumeReader {
 public:
  /// Checks the header, and the size of the file against it; "-" is standard input. Throws Error as read_volume does.
  explicit VolumeReader(const fs::path& path);
  ~VolumeReader();
  VolumeReader(VolumeReader&&) noexcept;
  VolumeReader& operator=(VolumeReader&&) noexcept;

  /// Of the whole volume.
  const NiftiInfo& info() const;

  /// The voxels with first <= (i, j, k) < first + shape, as read_volume gives them, on the grid that places them where
  /// they are in the whole. Several threads may call it at once. Throws Error if the box is empty or not within the
  /// volume, or if the file has become shorter.
  Volume read(const Index3& first_ijk, const Index3& shape_ijk) const;

 private:
  std::unique_ptr<OpenedNifti> opened_;
  Volume whole_;  ///< empty if boxes come from the file
};

}  // namespace gdm
