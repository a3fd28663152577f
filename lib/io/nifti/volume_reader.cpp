#include "io/nifti/volume_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "io/nifti/convert.hpp"
#include "io/nifti/input.hpp"
#include "sys/error.hpp"

namespace gdm {
namespace {

/// Rows closer than this are read in one go: every page between them is touched anyway.
constexpr std::int64_t smallest_gap_bytes = 4096;
/// Bytes of one read, so that a box of any size needs little more memory than its result.
constexpr std::int64_t run_bytes = std::int64_t{1} << 18;

void check_box(const Index3& first, const Index3& shape, const Index3& whole) {
  for (std::size_t axis = 0; axis < 3; ++axis) {
    if (first[axis] < 0 || shape[axis] < 1 || first[axis] >= whole[axis] || shape[axis] > whole[axis] - first[axis]) {
      throw Error(fmt::format("a box of {} x {} x {} voxels from ({}, {}, {}), expected one within {} x {} x {}",
                              shape[0], shape[1], shape[2], first[0], first[1], first[2], whole[0], whole[1],
                              whole[2]));
    }
  }
}

/// Reads stored voxels first .. first + count - 1 of the file.
void read_stored(const OpenedNifti& file, std::int64_t first, std::int64_t count, Bytes& to) {
  const NiftiHeader& header = file.header;
  to.resize(static_cast<std::size_t>(count) * header.voxel_bytes);
  const std::uint64_t position = header.data_offset + static_cast<std::uint64_t>(first) * header.voxel_bytes;
  const std::size_t got = read_at(file.input->descriptor(), position, to.data(), to.size(), file.input->name());
  if (got < to.size()) {  // cut since it was opened
    const auto left = static_cast<std::uint64_t>(regular_size(file.input->descriptor(), file.input->name()));
    throw Error(file.input->name() + ": " + truncated(left, header.total_bytes()).what());
  }
}

void read_box(const OpenedNifti& file, const Index3& first, Volume& box) {
  const Index3 &whole = file.header.info.grid.shape_ijk, &shape = box.grid.shape_ijk;
  const auto voxel_bytes = static_cast<std::int64_t>(file.header.voxel_bytes);
  const bool together = (whole[0] - shape[0]) * voxel_bytes < smallest_gap_bytes;
  const std::int64_t rows_at_once = together ? std::max<std::int64_t>(1, run_bytes / (whole[0] * voxel_bytes)) : 1;
  Bytes stored;
  for (std::int64_t k = 0; k < shape[2]; ++k) {
    for (std::int64_t j = 0; j < shape[1]; j += rows_at_once) {
      const std::int64_t rows = std::min(rows_at_once, shape[1] - j);
      const std::int64_t start = first[0] + whole[0] * (first[1] + j + whole[1] * (first[2] + k));
      read_stored(file, start, (rows - 1) * whole[0] + shape[0], stored);
      for (std::int64_t row = 0; row < rows; ++row) {
        convert_stored(file.header, stored.data() + row * whole[0] * voxel_bytes, static_cast<std::size_t>(shape[0]),
                       box.voxels.data() + box.offset(0, j + row, k));
      }
    }
  }
}

void copy_box(const Volume& whole, const Index3& first, Volume& box) {
  const Index3& shape = box.grid.shape_ijk;
  for (std::int64_t k = 0; k < shape[2]; ++k) {
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      std::copy_n(whole.voxels.data() + whole.offset(first[0], first[1] + j, first[2] + k), shape[0],
                  box.voxels.data() + box.offset(0, j, k));
    }
  }
}

}  // namespace

VolumeReader::VolumeReader(const fs::path& path) : opened_(std::make_unique<OpenedNifti>(open_nifti(path))) {
  const NiftiInput& input = *opened_->input;
  if (input.is_gzip() || input.file_bytes() < 0) {
    whole_ = load_nifti<float>(*opened_);
    return;
  }
  log_warnings(*opened_);
  with_context(input.name(), [&] {
    check_content_bytes(input.name(), static_cast<std::uint64_t>(input.file_bytes()), opened_->header.total_bytes());
  });
}
VolumeReader::~VolumeReader() = default;
VolumeReader::VolumeReader(VolumeReader&&) noexcept = default;
VolumeReader& VolumeReader::operator=(VolumeReader&&) noexcept = default;

const NiftiInfo& VolumeReader::info() const {
  return opened_->header.info;
}

Volume VolumeReader::read(const Index3& first_ijk, const Index3& shape_ijk) const {
  const Grid& grid = info().grid;
  const std::string& name = opened_->input->name();
  with_context(name, [&] { check_box(first_ijk, shape_ijk, grid.shape_ijk); });
  Volume box;
  box.grid = grid;
  box.grid.shape_ijk = shape_ijk;
  Point3 first{};
  for (std::size_t axis = 0; axis < 3; ++axis) first[axis] = static_cast<double>(first_ijk[axis]);
  const Point3 corner_mm = grid.ras_of_index(first);
  for (std::size_t row = 0; row < 3; ++row) box.grid.ijk_to_ras_mm[row][3] = corner_mm[row];
  try {
    box.voxels.resize(static_cast<std::size_t>(box.grid.voxels()));
  } catch (const std::bad_alloc&) {
    throw Error(name + ": not enough memory for " + describe(box.grid));
  }
  if (whole_.voxels.empty()) {
    read_box(*opened_, first_ijk, box);
  } else {
    copy_box(whole_, first_ijk, box);
  }
  return box;
}

}  // namespace gdm
