// Reading whole volumes. Files are read by position and gzip members that state their length are decompressed on all
// cores, each part converted while it is in the cache; streams take memory only as their bytes arrive.
#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <stdexcept>

#include "image/grid_match.hpp"
#include "io/nifti/convert.hpp"
#include "io/nifti/input.hpp"
#include "sys/error.hpp"
#include "sys/gzip.hpp"
#include "sys/parallel.hpp"

namespace gdm {
namespace {

std::size_t blocks_of(std::size_t voxels) {
  return (voxels + nifti_block_voxels - 1) / nifti_block_voxels;
}

template <class T>
void load_file(const NiftiInput& input, const NiftiHeader& header, Voxels<T>& voxels) {
  check_content_bytes(input.name(), static_cast<std::uint64_t>(input.file_bytes()), header.total_bytes());
  voxels.resize(static_cast<std::size_t>(header.info.grid.voxels()));
  parallel_for(static_cast<std::int64_t>(blocks_of(voxels.size())), [&](std::int64_t block) {
    const std::size_t begin = static_cast<std::size_t>(block) * nifti_block_voxels;
    const std::size_t count = std::min(nifti_block_voxels, voxels.size() - begin);
    Bytes stored(count * header.voxel_bytes);
    const std::uint64_t position = header.data_offset + begin * header.voxel_bytes;
    const std::size_t got = read_at(input.descriptor(), position, stored.data(), stored.size(), input.name());
    if (got < stored.size()) {  // cut since it was opened
      const std::int64_t left = regular_size(input.descriptor(), input.name());
      throw truncated(static_cast<std::uint64_t>(left), header.total_bytes());
    }
    convert_stored(header, stored.data(), count, voxels.data() + begin);
  });
}

template <class T>
void load_members(const Bytes& packed, const std::vector<GzipMember>& members, const NiftiHeader& header,
                  Voxels<T>& voxels) {
  voxels.resize(static_cast<std::size_t>(header.info.grid.voxels()));
  gunzip_members(packed.data(), members, [&](const GzipMember& member, const std::uint8_t* content) {
    const std::uint64_t begin = std::max<std::uint64_t>(member.content_begin, header.data_offset);
    const std::uint64_t end =
        std::min<std::uint64_t>(member.content_begin + member.content_bytes, header.total_bytes());
    if (begin >= end) return;  // nothing but header or padding
    convert_stored(header, content + (begin - member.content_begin), (end - begin) / header.voxel_bytes,
                   voxels.data() + (begin - header.data_offset) / header.voxel_bytes);
  });
}

bool holds_whole_voxels(const GzipMember& member, const NiftiHeader& header) {
  return member.content_begin <= header.data_offset || member.content_begin >= header.total_bytes() ||
         (member.content_begin - header.data_offset) % header.voxel_bytes == 0;
}

template <class T>
void load_gzip_file(const NiftiInput& input, const NiftiHeader& header, Voxels<T>& voxels) {
  Bytes packed(static_cast<std::size_t>(input.file_bytes()));
  packed.resize(read_at(input.descriptor(), 0, packed.data(), packed.size(), input.name()));
  const std::uint64_t expected = header.total_bytes();
  check_packed_bytes(packed.size(), expected);
  const std::vector<GzipMember> members = gzip_index(packed.data(), packed.size());
  if (!members.empty() && members.back().content_begin + members.back().content_bytes <= expected + allowed_excess &&
      std::all_of(members.begin(), members.end(), [&](const auto& m) { return holds_whole_voxels(m, header); })) {
    check_content_bytes(input.name(), members.back().content_begin + members.back().content_bytes, expected);
    return load_members(packed, members, header, voxels);
  }
  const Bytes content = gunzip(packed.data(), packed.size(), expected, expected + allowed_excess);
  packed = Bytes();
  check_content_bytes(input.name(), content.size(), expected);
  voxels.resize(static_cast<std::size_t>(header.info.grid.voxels()));
  parallel_for(static_cast<std::int64_t>(blocks_of(voxels.size())), [&](std::int64_t block) {
    const std::size_t begin = static_cast<std::size_t>(block) * nifti_block_voxels;
    convert_stored(header, content.data() + header.data_offset + begin * header.voxel_bytes,
                   std::min(nifti_block_voxels, voxels.size() - begin), voxels.data() + begin);
  });
}

template <class T>
void load_stream(NiftiInput& input, const NiftiHeader& header, Voxels<T>& voxels) {
  skip_to_voxels(input, header);
  const auto total = static_cast<std::size_t>(header.info.grid.voxels());
  for (std::size_t done = 0; done < total;) {
    const std::size_t count = std::min(std::max(nifti_block_voxels, done), total - done);
    voxels.resize(done + count);  // no more than twice of what has come
    read_voxels(input, header, done, count, voxels.data() + done);
    done += count;
  }
  if (input.is_gzip()) finish_gzip(input, header);
}

}  // namespace

template <class T>
Image<T> load_nifti(OpenedNifti& opened) {
  NiftiInput& input = *opened.input;
  const NiftiHeader& header = opened.header;
  log_warnings(opened);
  Image<T> image;
  image.grid = header.info.grid;
  with_context(input.name(), [&] {
    try {
      if (input.file_bytes() < 0) return load_stream(input, header, image.voxels);
      if (input.is_gzip()) return load_gzip_file(input, header, image.voxels);
      load_file(input, header, image.voxels);
    } catch (const std::bad_alloc&) {
      throw Error("not enough memory for " + describe(image.grid));
    } catch (const std::length_error&) {
      throw Error("not enough memory for " + describe(image.grid));
    }
  });
  return image;
}
template Image<float> load_nifti(OpenedNifti&);
template Image<std::uint8_t> load_nifti(OpenedNifti&);

NiftiInfo read_nifti_info(const fs::path& path) {
  return open_nifti(path).header.info;
}

Volume read_volume(const fs::path& path) {
  OpenedNifti opened = open_nifti(path);
  return load_nifti<float>(opened);
}

Volume read_volume(const fs::path& path, NiftiInfo& info) {
  OpenedNifti opened = open_nifti(path);
  info = opened.header.info;
  return load_nifti<float>(opened);
}

namespace {

void require_grid_of_volume(const Grid& mask, const fs::path& path, const Grid& grid) {
  require_same_grid(mask, input_name(path) + ": the mask", grid, "its volume");
}

}  // namespace

void require_grid_of_mask(const fs::path& path, const Grid& grid) {
  require_grid_of_volume(read_nifti_info(path).grid, path, grid);
}

Mask read_mask(const fs::path& path, const Grid* grid) {
  OpenedNifti opened = open_nifti(path);
  Mask mask = load_nifti<std::uint8_t>(opened);
  if (grid != nullptr) {
    require_grid_of_volume(mask.grid, path, *grid);
    mask.grid = *grid;
  }
  return mask;
}

}  // namespace gdm
