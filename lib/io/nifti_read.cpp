// Reading: from files, pairs of files, gzip and pipes, in blocks straight into the result where nothing is compressed.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <system_error>
#include <type_traits>

#include "io/nifti.hpp"
#include "io/nifti_header.hpp"
#include "sys/bytes.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"
#include "sys/gzip.hpp"
#include "sys/log.hpp"
#include "sys/parallel.hpp"

namespace gdm {
namespace {

constexpr std::size_t block_voxels = std::size_t{1} << 18;
constexpr std::size_t header_room = std::size_t{1} << 18;         // compressed bytes that surely hold a header
constexpr std::uint64_t allowed_excess = std::uint64_t{1} << 20;  // padding after the voxels, read with a warning
constexpr std::uint64_t no_end = std::numeric_limits<std::uint64_t>::max();

/// An open file or stream, and the bytes fetched from it so far.
struct Input {
  std::string name;
  Descriptor descriptor;
  std::int64_t size = -1;  ///< -1 for a stream
  Bytes start;
  bool gzip = false;
};

/// Fetches until `start` holds `target` bytes or the input ends. A stream takes memory only as its bytes arrive.
void fetch(Input& input, std::uint64_t target) {
  if (input.size >= 0) target = std::min(target, static_cast<std::uint64_t>(input.size));
  constexpr std::size_t stream_step = std::size_t{1} << 16;
  while (input.start.size() < target) {
    const std::size_t before = input.start.size();
    const std::size_t most = input.size >= 0 ? static_cast<std::size_t>(target) : std::max(stream_step, before);
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(target - before, most));
    input.start.resize(before + step);
    const std::size_t got = read_up_to(input.descriptor, input.start.data() + before, step, input.name);
    input.start.resize(before + got);
    if (got < step) return;
  }
}

Input open_input(const fs::path& path) {
  Input input;
  input.name = input_name(path);
  input.descriptor = open_for_reading(path);
  input.size = regular_size(input.descriptor, input.name);
  fetch(input, 4);
  input.gzip = is_gzip(input.start.data(), input.start.size());
  return input;
}

bool is_pair_name(const fs::path& path) {
  const fs::path name = path.extension() == ".gz" ? path.stem() : path;
  return name.extension() == ".hdr" || name.extension() == ".img";
}

/// The file of a pair with this suffix, compressed or not.
fs::path pair_member(const fs::path& path, const std::string& suffix) {
  const fs::path plain = without_nifti_suffix(path).string() + suffix, packed = plain.string() + ".gz";
  std::error_code unreadable;
  return !fs::exists(plain, unreadable) && fs::exists(packed, unreadable) ? packed : plain;
}

NiftiHeader header_of(Input& input, bool expect_pair) {
  return with_context(input.name, [&] {
    NiftiHeader header;
    if (input.gzip) {
      fetch(input, header_room);
      const Bytes start = gunzip_prefix(input.start.data(), input.start.size(), nifti2_header_bytes);
      header = parse_nifti_header(start.data(), start.size());
    } else {
      fetch(input, nifti1_header_bytes);
      const bool second = input.start.size() >= 4 && (input.start.data()[0] == 0x1c || input.start.data()[3] == 0x1c);
      if (second) fetch(input, nifti2_header_bytes);  // 540 is 0x21c in either byte order
      header = parse_nifti_header(input.start.data(), input.start.size());
    }
    if (header.pair != expect_pair) {
      throw Error(expect_pair ? "is a single NIfTI file, expected the header of a pair"
                              : "is the header of a .hdr/.img pair, expected a single file");
    }
    return header;
  });
}

/// The file with the voxels, and the header. For a single file both come from one Input.
struct Opened {
  Input input;
  NiftiHeader header;
};

Opened open_volume(const fs::path& path) {
  Opened opened;
  const bool pair = path != "-" && is_pair_name(path);
  opened.input = open_input(pair ? pair_member(path, ".hdr") : path);
  opened.header = header_of(opened.input, pair);
  if (pair) opened.input = open_input(pair_member(path, ".img"));
  return opened;
}

Error truncated(std::uint64_t found, std::uint64_t expected) {
  return Error(fmt::format("is truncated: {} bytes, expected {}", found, expected));
}

void check_excess(const std::string& name, std::uint64_t found, std::uint64_t expected) {
  if (found == expected) return;
  if (found < expected) throw truncated(found, expected);
  if (found - expected > allowed_excess) {
    throw Error(fmt::format("has {} bytes, expected {}: more than padding follows the voxels", found, expected));
  }
  log_warning(fmt::format("{}: {} bytes after the last voxel are ignored", name, found - expected));
}

/// What a stored value becomes: float32 for volumes, 0 or 1 for masks (a NaN is outside).
template <class T>
T finished(double value) {
  if constexpr (std::is_same_v<T, float>) {
    return static_cast<float>(value);
  } else {
    return static_cast<T>(value != 0 && !std::isnan(value));
  }
}

template <class Stored, bool swapped>
Stored load(const std::uint8_t* from) {
  std::array<std::uint8_t, sizeof(Stored)> raw;
  std::memcpy(raw.data(), from, sizeof(Stored));
  if constexpr (swapped) std::reverse(raw.begin(), raw.end());
  Stored value;
  std::memcpy(&value, raw.data(), sizeof(Stored));
  return value;
}

template <class Stored, bool swapped, class T>
void convert_stored(const NiftiInfo& info, const std::uint8_t* from, std::size_t count, T* to) {
  if (info.slope == 1.0 && info.intercept == 0.0) {
    for (std::size_t i = 0; i < count; ++i) {
      const Stored stored = load<Stored, swapped>(from + i * sizeof(Stored));
      to[i] = finished<T>(static_cast<double>(stored));
    }
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto stored = static_cast<double>(load<Stored, swapped>(from + i * sizeof(Stored)));
    to[i] = finished<T>(stored * info.slope + info.intercept);
  }
}

template <class Stored, class T>
void convert_ordered(const NiftiInfo& info, const std::uint8_t* from, std::size_t count, T* to) {
  if (info.swapped) {
    convert_stored<Stored, true>(info, from, count, to);
  } else {
    convert_stored<Stored, false>(info, from, count, to);
  }
}

template <class T>
void convert(const NiftiHeader& header, const std::uint8_t* from, std::size_t count, T* to) {
  const NiftiInfo& info = header.info;
  switch (header.datatype) {
    case 2:
      return convert_ordered<std::uint8_t>(info, from, count, to);
    case 4:
      return convert_ordered<std::int16_t>(info, from, count, to);
    case 8:
      return convert_ordered<std::int32_t>(info, from, count, to);
    case 16:
      return convert_ordered<float>(info, from, count, to);
    case 64:
      return convert_ordered<double>(info, from, count, to);
    case 256:
      return convert_ordered<std::int8_t>(info, from, count, to);
    case 512:
      return convert_ordered<std::uint16_t>(info, from, count, to);
    case 768:
      return convert_ordered<std::uint32_t>(info, from, count, to);
    case 1024:
      return convert_ordered<std::int64_t>(info, from, count, to);
    case 1280:
      return convert_ordered<std::uint64_t>(info, from, count, to);
    default:
      throw Error(fmt::format("datatype {} was accepted but cannot be converted", header.datatype));
  }
}

template <class T>
void load_gzip(Input& input, const NiftiHeader& header, std::vector<T>& voxels) {
  fetch(input, no_end);
  const std::uint64_t expected = header.total_bytes(), packed = input.start.size();
  if (expected / gzip_largest_ratio > packed) {
    throw Error(fmt::format("is truncated: {} compressed bytes cannot hold the expected {}", packed, expected));
  }
  const Bytes content = gunzip(input.start.data(), input.start.size(), expected, expected + allowed_excess);
  input.start = Bytes();
  check_excess(input.name, content.size(), expected);
  voxels.resize(static_cast<std::size_t>(header.info.grid.voxels()));
  const std::size_t blocks = (voxels.size() + block_voxels - 1) / block_voxels;
  parallel_for(static_cast<std::int64_t>(blocks), [&](std::int64_t block) {
    const std::size_t begin = static_cast<std::size_t>(block) * block_voxels;
    convert(header, content.data() + header.data_offset + begin * header.voxel_bytes,
            std::min(block_voxels, voxels.size() - begin), voxels.data() + begin);
  });
}

/// Takes the next bytes, first those fetched already.
class Reader {
 public:
  explicit Reader(Input& input) : input_(input) {}
  std::size_t read(std::uint8_t* to, std::size_t bytes) {
    const std::size_t fetched = std::min(bytes, input_.start.size() - position_);
    std::copy_n(input_.start.data() + position_, fetched, to);
    position_ += fetched;
    return fetched + read_up_to(input_.descriptor, to + fetched, bytes - fetched, input_.name);
  }

 private:
  Input& input_;
  std::size_t position_ = 0;
};

template <class T>
void load_plain(Input& input, const NiftiHeader& header, std::vector<T>& voxels) {
  const std::uint64_t expected = header.total_bytes();
  if (input.size >= 0) check_excess(input.name, static_cast<std::uint64_t>(input.size), expected);
  Reader reader(input);
  Bytes block(block_voxels * header.voxel_bytes);
  for (std::uint64_t skipped = 0; skipped < header.data_offset;) {
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), header.data_offset - skipped));
    const std::size_t got = reader.read(block.data(), step);
    skipped += got;
    if (got < step) throw truncated(skipped, expected);
  }
  const auto total = static_cast<std::size_t>(header.info.grid.voxels());
  if (input.size >= 0) voxels.resize(total);  // the size of the file vouches for it; a stream must deliver first
  for (std::size_t done = 0; done < total;) {
    const std::size_t count = std::min(block_voxels, total - done);
    const std::size_t got = reader.read(block.data(), count * header.voxel_bytes);
    if (got < count * header.voxel_bytes) {
      throw truncated(header.data_offset + done * header.voxel_bytes + got, expected);
    }
    if (voxels.size() < done + count) voxels.resize(std::min(total, std::max(done + count, 2 * done)));
    convert(header, block.data(), count, voxels.data() + done);
    done += count;
  }
}

template <class T>
Image<T> read_image(const fs::path& path, NiftiInfo* info = nullptr) {
  Opened opened = open_volume(path);
  if (info != nullptr) *info = opened.header.info;
  for (const std::string& warning : opened.header.warnings) log_warning(input_name(path) + ": " + warning);
  Image<T> image;
  image.grid = opened.header.info.grid;
  with_context(opened.input.name, [&] {
    try {
      if (opened.input.gzip) {
        load_gzip(opened.input, opened.header, image.voxels);
      } else {
        load_plain(opened.input, opened.header, image.voxels);
      }
    } catch (const std::bad_alloc&) {
      throw Error("not enough memory for " + describe(image.grid));
    } catch (const std::length_error&) {
      throw Error("not enough memory for " + describe(image.grid));
    }
  });
  return image;
}

}  // namespace

NiftiInfo read_nifti_info(const fs::path& path) {
  return open_volume(path).header.info;
}

Volume read_volume(const fs::path& path) {
  return read_image<float>(path);
}

Volume read_volume(const fs::path& path, NiftiInfo& info) {
  return read_image<float>(path, &info);
}

Mask read_mask(const fs::path& path, const Grid* grid) {
  Mask mask = read_image<std::uint8_t>(path);
  if (grid != nullptr && !same_grid(mask.grid, *grid)) {
    throw Error(
        fmt::format("{}: the mask has {}, expected {}", input_name(path), describe(mask.grid), describe(*grid)));
  }
  return mask;
}

}  // namespace gdm
