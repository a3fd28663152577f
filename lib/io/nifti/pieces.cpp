#include "io/nifti/pieces.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "io/nifti/header.hpp"
#include "sys/error.hpp"
#include "sys/gzip.hpp"
#include "sys/in_order.hpp"

namespace gdm {
namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 19;  // of content in a gzip member: small enough to share out
constexpr std::size_t header_bytes = std::tuple_size_v<decltype(nifti1_header(Grid(), 0))>;
static_assert(header_bytes % 8 == 0 && piece_bytes % 8 == 0, "a piece holds whole voxels");

}  // namespace

PieceWriter::PieceWriter(fs::path path, const Grid& grid, int datatype, std::size_t voxel_bytes, Overwrite overwrite)
    : path_(std::move(path)),
      grid_(grid),
      datatype_(datatype),
      voxel_bytes_(voxel_bytes),
      gzip_(path_ != "-" && path_.extension() == ".gz") {
  nifti1_header(grid_, datatype_);  // refuses what NIfTI cannot hold before there is a file
  if (path_ != "-") file_ = std::make_unique<AtomicFile>(path_, overwrite);
}

std::size_t PieceWriter::content_bytes() const {
  return header_bytes + static_cast<std::size_t>(grid_.voxels()) * voxel_bytes_;
}

std::size_t PieceWriter::next_voxel() const {
  return written_ == 0 ? 0 : (static_cast<std::size_t>(written_) * piece_bytes - header_bytes) / voxel_bytes_;
}

void PieceWriter::make(std::size_t begin, const StoreVoxels& store, Bytes& piece) {
  const auto header = nifti1_header(grid_, datatype_);
  piece.resize(std::min(piece_bytes, content_bytes() - begin));
  const std::size_t before = begin == 0 ? header.size() : 0;
  std::copy_n(header.begin(), before, piece.data());
  const WriteReport report = store((begin + before - header.size()) / voxel_bytes_,
                                   (piece.size() - before) / voxel_bytes_, piece.data() + before);
  clamped_ += report.clamped;
  non_finite_ += report.non_finite;
}

void PieceWriter::advance(std::size_t end, const StoreVoxels& store) {
  const std::size_t stored = header_bytes + end * voxel_bytes_;
  const std::size_t whole = stored == content_bytes() ? (stored + piece_bytes - 1) / piece_bytes : stored / piece_bytes;
  const std::int64_t first = written_;
  const auto produce = [&](std::int64_t index) {
    thread_local Bytes to_compress;  // kept, as fresh pages for each piece cost as much as filling them
    Bytes to_write;
    Bytes& piece = gzip_ ? to_compress : to_write;
    make(static_cast<std::size_t>(first + index) * piece_bytes, store, piece);
    return gzip_ ? gzip_member(piece.data(), piece.size()) : std::move(to_write);
  };
  parallel_in_order(static_cast<std::int64_t>(whole) - first, produce, [this](std::int64_t, const Bytes& piece) {
    if (file_ != nullptr) return file_->write(piece.data(), piece.size());
    write_stdout({reinterpret_cast<const char*>(piece.data()), piece.size()});
  });
  written_ = static_cast<std::int64_t>(whole);
}

WriteReport PieceWriter::commit() {
  if (static_cast<std::size_t>(written_) * piece_bytes < content_bytes()) {
    throw Error(path_.string() + ": slices are missing");
  }
  if (file_ != nullptr) file_->commit();
  return {clamped_, non_finite_};
}

}  // namespace gdm
