// Volumes slice by slice, from the first of the last axis on, for those that are never in memory as a whole.
#pragma once

#include <cstdint>
#include <memory>

#include "image/volume.hpp"
#include "io/nifti/nifti.hpp"

namespace gdm {

struct OpenedNifti;
class PieceWriter;

class SliceReader {
 public:
  /// Checks the header, and the size of a file against it; throws Error as read_volume() does. `quiet` leaves out what
  /// it warns of, here and later.
  explicit SliceReader(const fs::path& path, bool quiet = false);
  ~SliceReader();
  SliceReader(SliceReader&&) noexcept;
  SliceReader& operator=(SliceReader&&) noexcept;

  const NiftiInfo& info() const;
  /// The next slices, as read_volume() gives them. With the last, what follows the voxels is checked as well. Throws
  /// Error as read_volume() does; never more slices than there are.
  void read(std::int64_t slices, float* to);

 private:
  std::unique_ptr<OpenedNifti> opened_;
  std::int64_t left_;  ///< slices that were not read
  bool quiet_;
};

class SliceWriter {
 public:
  /// Throws Error as write_volume() does.
  SliceWriter(const fs::path& path, const Grid& grid, VoxelType type, Overwrite overwrite);
  ~SliceWriter();
  SliceWriter(SliceWriter&&) noexcept;
  SliceWriter& operator=(SliceWriter&&) noexcept;

  /// The next slices; up to half a MiB of the file waits for the next call. Never more slices than there are.
  void write(std::int64_t slices, const float* voxels);
  /// Only once all slices are written is there a file, with the bytes that write_volume() makes. A stream has got most
  /// of them before.
  WriteReport commit();

 private:
  std::unique_ptr<PieceWriter> pieces_;
  VoxelType type_;
  std::int64_t slice_voxels_, left_;  ///< left_: slices that are not written
  Voxels<float> waiting_;             ///< from the first voxel on that pieces_ has not
};

}  // namespace gdm
