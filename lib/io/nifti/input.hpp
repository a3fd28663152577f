// What the readers of NIfTI share: an open file or stream whose content is taken decompressed, its validated header,
// and the checks of its size. Nothing here takes memory that the header asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "io/nifti/header.hpp"
#include "io/nifti/unknown_orientation.hpp"
#include "sys/bytes.hpp"
#include "sys/descriptor.hpp"
#include "sys/gzip_stream.hpp"

namespace gdm {

class NiftiInput {
 public:
  explicit NiftiInput(const fs::path& path);
  NiftiInput(const NiftiInput&) = delete;
  NiftiInput& operator=(const NiftiInput&) = delete;

  const std::string& name() const { return name_; }
  const Descriptor& descriptor() const { return descriptor_; }
  bool is_gzip() const { return gzip_ != nullptr; }
  /// Bytes of a regular file, which may be read by position; -1 for a stream.
  std::int64_t file_bytes() const { return file_bytes_; }

  /// The content's first bytes, at least `bytes` of them unless it ends earlier, before any read().
  const Bytes& head(std::size_t bytes);
  /// The content's next bytes; fewer only at its end.
  std::size_t read(std::uint8_t* to, std::size_t bytes);

 private:
  std::string name_;
  Descriptor descriptor_;
  std::int64_t file_bytes_ = -1;
  Bytes head_, packed_;
  std::size_t taken_ = 0;  ///< of head_
  std::unique_ptr<GzipStream> gzip_;
};

/// The file with the voxels, and the header, which of a single file come from the same input.
struct OpenedNifti {
  std::unique_ptr<NiftiInput> input;
  NiftiHeader header;
};

/// Opens a volume and validates its header. Throws Error with the name of the file.
OpenedNifti open_nifti(const fs::path& path);

/// Logs the header's warnings with the file's name; that its orientation is unknown once in a process.
void log_warnings(const OpenedNifti& opened);

/// "is truncated: ..." in bytes of the content.
Error truncated(std::uint64_t found, std::uint64_t expected);
/// Throws Error if the content has fewer bytes than the header says, or more than padding; warns of padding.
void check_content_bytes(const std::string& name, std::uint64_t found, std::uint64_t expected);
/// Throws Error if no so short a gzip file holds the content.
void check_packed_bytes(std::uint64_t found, std::uint64_t expected);
/// Padding after the voxels, read with a warning.
constexpr std::uint64_t allowed_excess = std::uint64_t{1} << 20;

/// Voxels that are converted at a time, small enough to stay in the cache.
constexpr std::size_t nifti_block_voxels = std::size_t{1} << 17;

/// What a stream has before its voxels; then the voxels from `first` on, `count` of them, the next of the stream; and
/// after the last of a gzip stream to the end of its last member, which alone shows that they were right. Throw Error
/// without the input's name. T is float or std::uint8_t (mask).
void skip_to_voxels(NiftiInput& input, const NiftiHeader& header);
template <class T>
void read_voxels(NiftiInput& input, const NiftiHeader& header, std::size_t first, std::size_t count, T* to);
void finish_gzip(NiftiInput& input, const NiftiHeader& header);

/// All voxels; takes what is left of the input, and logs the header's warnings. T is float or std::uint8_t (mask).
template <class T>
Image<T> load_nifti(OpenedNifti& opened);
extern template Image<float> load_nifti(OpenedNifti&);
extern template Image<std::uint8_t> load_nifti(OpenedNifti&);

}  // namespace gdm
