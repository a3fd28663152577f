// What the writers of NIfTI share: the content of a file in pieces, which are converted and compressed on all cores and
// written in their order.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "io/nifti/nifti.hpp"
#include "sys/atomic_file.hpp"
#include "sys/bytes.hpp"

namespace gdm {

/// Stores the voxels from `first` on, `count` of them; called from several threads.
using StoreVoxels = std::function<WriteReport(std::size_t first, std::size_t count, std::uint8_t* to)>;

/// How voxels of a type lie in a file.
struct StoredType {
  int datatype;  ///< NIfTI code
  std::size_t voxel_bytes;
  WriteReport (*convert)(const float* from, std::size_t count, std::uint8_t* to);
};
StoredType stored_type(VoxelType type);

/// Throws Error unless a volume can be written there: what write_volume() refuses but for the voxels.
void check_volume_name(const fs::path& path, Overwrite overwrite);

class PieceWriter {
 public:
  PieceWriter(fs::path path, const Grid& grid, int datatype, std::size_t voxel_bytes, Overwrite overwrite);
  /// Writes what is not written yet of the pieces that end before the voxel `end`.
  void advance(std::size_t end, const StoreVoxels& store);
  /// The first voxel of what is not written.
  std::size_t next_voxel() const;
  /// After all voxels.
  WriteReport commit();

 private:
  std::size_t content_bytes() const;
  /// The content from byte `begin` on, of which the first bytes may be the header.
  void make(std::size_t begin, const StoreVoxels& store, Bytes& piece);

  fs::path path_;
  Grid grid_;
  int datatype_;
  std::size_t voxel_bytes_;
  bool gzip_;
  std::unique_ptr<AtomicFile> file_;  ///< null for standard output
  std::int64_t written_ = 0;          ///< pieces
  std::atomic<std::int64_t> clamped_{0}, non_finite_{0};
};

}  // namespace gdm
