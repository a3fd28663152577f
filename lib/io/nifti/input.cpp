#include "io/nifti/input.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <system_error>

#include "io/content_kind.hpp"
#include "io/nifti/convert.hpp"
#include "sys/error.hpp"
#include "sys/gzip.hpp"
#include "sys/log.hpp"

namespace gdm {
namespace {

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

/// Names what is no NIfTI file by what it is: a page or pointer that was downloaded under the name of one, or a model.
void refuse_foreign(const Bytes& head) {
  const std::string kind = content_kind({reinterpret_cast<const char*>(head.data()), head.size()});
  if (kind.empty() || kind == nifti_content || kind == gzip_content) return;
  throw Error(fmt::format("is {}, expected a NIfTI volume", kind));
}

NiftiHeader header_of(NiftiInput& input, bool expect_pair) {
  return with_context(input.name(), [&] {
    const Bytes& first = input.head(nifti1_header_bytes);
    refuse_foreign(first);
    const bool second = first.size() >= 4 && (first.data()[0] == 0x1c || first.data()[3] == 0x1c);
    // 540 is 0x21c in either byte order. A stream is asked for no more than its header.
    const Bytes& start = second ? input.head(nifti2_header_bytes) : first;
    NiftiHeader header = parse_nifti_header(start.data(), start.size());
    if (header.pair != expect_pair) {
      throw Error(expect_pair ? "is a single NIfTI file, expected the header of a pair"
                              : "is the header of a .hdr/.img pair, expected a single file");
    }
    return header;
  });
}

}  // namespace

NiftiInput::NiftiInput(const fs::path& path)
    : name_(input_name(path)), descriptor_(open_for_reading(path)), file_bytes_(regular_size(descriptor_, name_)) {
  // A file on standard input of which something has been read is a stream from there on.
  if (file_bytes_ >= 0 && ::lseek(descriptor_.get(), 0, SEEK_CUR) != 0) file_bytes_ = -1;
  head(4);
  if (!gdm::is_gzip(head_.data(), head_.size())) return;
  packed_ = std::exchange(head_, Bytes());
  bool first = true;
  gzip_ = std::make_unique<GzipStream>([this, first]() mutable -> std::pair<const std::uint8_t*, std::size_t> {
    constexpr std::size_t step = std::size_t{1} << 16;
    if (!std::exchange(first, false)) {
      packed_.resize(step);
      packed_.resize(read_up_to(descriptor_, packed_.data(), step, name_));
    }
    return {packed_.data(), packed_.size()};
  });
}

const Bytes& NiftiInput::head(std::size_t bytes) {
  const std::size_t before = head_.size();
  if (before >= bytes) return head_;
  head_.resize(bytes);
  std::uint8_t* to = head_.data() + before;
  const std::size_t got =
      gzip_ != nullptr ? gzip_->read(to, bytes - before) : read_up_to(descriptor_, to, bytes - before, name_);
  head_.resize(before + got);
  return head_;
}

std::size_t NiftiInput::read(std::uint8_t* to, std::size_t bytes) {
  const std::size_t fetched = std::min(bytes, head_.size() - taken_);
  std::copy_n(head_.data() + taken_, fetched, to);
  taken_ += fetched;
  if (fetched == bytes) return bytes;
  return fetched + (gzip_ != nullptr ? gzip_->read(to + fetched, bytes - fetched)
                                     : read_up_to(descriptor_, to + fetched, bytes - fetched, name_));
}

OpenedNifti open_nifti(const fs::path& path) {
  OpenedNifti opened;
  const bool pair = path != "-" && is_pair_name(path);
  opened.input = std::make_unique<NiftiInput>(pair ? pair_member(path, ".hdr") : path);
  opened.header = header_of(*opened.input, pair);
  if (pair) opened.input = std::make_unique<NiftiInput>(pair_member(path, ".img"));
  return opened;
}

Error truncated(std::uint64_t found, std::uint64_t expected) {
  return Error(fmt::format("is truncated: {} bytes, expected {}", found, expected));
}

void log_warnings(const OpenedNifti& opened) {
  const std::string& name = opened.input->name();
  for (const std::string& warning : opened.header.warnings) log_warning(name + ": " + warning);
  if (!has_unknown_orientation(opened.header.info.grid)) return;
  // Whole sets are stored so, and a line for each file would hide what else there is to say.
  static std::atomic<bool> said{false};
  if (!said.exchange(true)) {
    log_warning(fmt::format("{}: {} (said once for all files)", name, unknown_orientation_text));
  }
}

void check_content_bytes(const std::string& name, std::uint64_t found, std::uint64_t expected) {
  if (found == expected) return;
  if (found < expected) throw truncated(found, expected);
  if (found - expected > allowed_excess) {
    throw Error(fmt::format("has {} bytes, expected {}: more than padding follows the voxels", found, expected));
  }
  log_warning(fmt::format("{}: {} bytes after the last voxel are ignored", name, found - expected));
}

void check_packed_bytes(std::uint64_t found, std::uint64_t expected) {
  if (expected / gzip_largest_ratio <= found) return;
  throw Error(fmt::format("is truncated: {} compressed bytes cannot hold the expected {}", found, expected));
}

void skip_to_voxels(NiftiInput& input, const NiftiHeader& header) {
  Bytes block(nifti_block_voxels);
  for (std::uint64_t skipped = 0; skipped < header.data_offset;) {
    const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), header.data_offset - skipped));
    const std::size_t got = input.read(block.data(), step);
    skipped += got;
    if (got < step) throw truncated(skipped, header.total_bytes());
  }
}

template <class T>
void read_voxels(NiftiInput& input, const NiftiHeader& header, std::size_t first, std::size_t count, T* to) {
  Bytes block(std::min(nifti_block_voxels, count) * header.voxel_bytes);
  for (std::size_t done = 0; done < count;) {
    const std::size_t step = std::min(nifti_block_voxels, count - done);
    const std::size_t got = input.read(block.data(), step * header.voxel_bytes);
    if (got < step * header.voxel_bytes) {
      throw truncated(header.data_offset + (first + done) * header.voxel_bytes + got, header.total_bytes());
    }
    convert_stored(header, block.data(), step, to + done);
    done += step;
  }
}
template void read_voxels(NiftiInput&, const NiftiHeader&, std::size_t, std::size_t, float*);
template void read_voxels(NiftiInput&, const NiftiHeader&, std::size_t, std::size_t, std::uint8_t*);

void finish_gzip(NiftiInput& input, const NiftiHeader& header) {
  Bytes rest(allowed_excess + 1);  // no more than padding is read
  const std::size_t got = input.read(rest.data(), rest.size());
  check_content_bytes(input.name(), header.total_bytes() + got, header.total_bytes());
}

}  // namespace gdm
