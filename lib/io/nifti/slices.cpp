#include "io/nifti/slices.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "io/nifti/input.hpp"
#include "io/nifti/pieces.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm {
SliceReader::SliceReader(const fs::path& path, bool quiet)
    : opened_(std::make_unique<OpenedNifti>(open_nifti(path))), quiet_(quiet) {
  NiftiInput& input = *opened_->input;
  const NiftiHeader& header = opened_->header;
  left_ = header.info.grid.shape_ijk[2];
  std::optional<WarningCapture> unheard;
  if (quiet_) unheard.emplace();
  log_warnings(*opened_);
  with_context(input.name(), [&] {
    if (input.file_bytes() >= 0) {
      const auto bytes = static_cast<std::uint64_t>(input.file_bytes());
      if (input.is_gzip()) {
        check_packed_bytes(bytes, header.total_bytes());
      } else {
        check_content_bytes(input.name(), bytes, header.total_bytes());
      }
    }
    skip_to_voxels(input, header);
  });
}

SliceReader::~SliceReader() = default;
SliceReader::SliceReader(SliceReader&&) noexcept = default;
SliceReader& SliceReader::operator=(SliceReader&&) noexcept = default;

const NiftiInfo& SliceReader::info() const {
  return opened_->header.info;
}

void SliceReader::read(std::int64_t slices, float* to) {
  NiftiInput& input = *opened_->input;
  const NiftiHeader& header = opened_->header;
  const Grid& grid = header.info.grid;
  if (slices > left_) throw Error(input.name() + ": more slices are read than there are");
  with_context(input.name(), [&] {
    const auto first = static_cast<std::size_t>((grid.shape_ijk[2] - left_) * grid.slice_voxels());
    read_voxels(input, header, first, static_cast<std::size_t>(slices * grid.slice_voxels()), to);
    left_ -= slices;
    if (left_ > 0 || !input.is_gzip()) return;
    std::optional<WarningCapture> unheard;
    if (quiet_) unheard.emplace();
    finish_gzip(input, header);
  });
}

SliceWriter::SliceWriter(const fs::path& path, const Grid& grid, VoxelType type, Overwrite overwrite)
    : type_(type), slice_voxels_(grid.slice_voxels()), left_(grid.shape_ijk[2]) {
  check_volume_name(path, overwrite);
  const StoredType stored = stored_type(type);
  pieces_ = std::make_unique<PieceWriter>(path, grid, stored.datatype, stored.voxel_bytes, overwrite);
}

SliceWriter::~SliceWriter() = default;
SliceWriter::SliceWriter(SliceWriter&&) noexcept = default;
SliceWriter& SliceWriter::operator=(SliceWriter&&) noexcept = default;

void SliceWriter::write(std::int64_t slices, const float* voxels) {
  if (slices > left_) throw Error("more slices are written than there are");
  left_ -= slices;
  const std::size_t first = pieces_->next_voxel(), before = waiting_.size();
  const std::size_t end = before + static_cast<std::size_t>(slices * slice_voxels_);
  const StoredType stored = stored_type(type_);
  const auto add = [](const WriteReport& a, const WriteReport& b) {
    return WriteReport{a.clamped + b.clamped, a.non_finite + b.non_finite};
  };
  // A piece may begin in what waits and end in what is new.
  pieces_->advance(first + end, [&](std::size_t from, std::size_t count, std::uint8_t* to) {
    const std::size_t begin = from - first, old = begin < before ? std::min(count, before - begin) : 0;
    WriteReport report;
    if (old > 0) report = stored.convert(waiting_.data() + begin, old, to);
    if (old == count) return report;
    return add(report, stored.convert(voxels + (begin + old - before), count - old, to + old * stored.voxel_bytes));
  });
  const std::size_t done = std::min(pieces_->next_voxel() - first, end);
  Voxels<float> rest;
  rest.reserve(end - done);
  for (std::size_t n = done; n < end; ++n) rest.push_back(n < before ? waiting_[n] : voxels[n - before]);
  waiting_ = std::move(rest);
}

WriteReport SliceWriter::commit() {
  return pieces_->commit();
}

}  // namespace gdm
