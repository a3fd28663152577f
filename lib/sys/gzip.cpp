// libdeflate: whole buffers, several times faster than zlib.
#include "sys/gzip.hpp"

#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>

#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm {
namespace {

constexpr int fastest_level = 1;
// ID1 ID2, CM deflate, FLG extra field, MTIME none, XFL fastest, OS unknown; XLEN 8, "GD", 4 bytes
constexpr std::array<std::uint8_t, 16> member_start = {0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 4, 255, 8, 0, 'G', 'D', 4, 0};
constexpr std::size_t header_bytes = member_start.size() + 4, trailer_bytes = 8;

using Decompressor = std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>;

Decompressor new_decompressor() {
  Decompressor decompressor(libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (decompressor == nullptr) throw Error("not enough memory to decompress");
  return decompressor;
}

Error damaged(std::size_t begin, std::size_t size) {
  return Error(fmt::format("the gzip data are damaged or cut off (member at byte {} of {})", begin, size));
}

void put_little_endian(std::size_t value, std::uint8_t* to) {
  for (int byte = 0; byte < 4; ++byte) to[byte] = static_cast<std::uint8_t>(value >> (8 * byte));
}
std::size_t get_little_endian(const std::uint8_t* from) {
  std::size_t value = 0;
  for (int byte = 3; byte >= 0; --byte) value = value << 8 | from[byte];
  return value;
}

/// Also true of nothing. Tapes and block devices fill up with zeros, and gzip reads such files, too.
bool only_zeros(const std::uint8_t* data, std::size_t size) {
  return std::all_of(data, data + size, [](std::uint8_t byte) { return byte == 0; });
}

/// Magic, method, flags and extra field; not MTIME, XFL and OS, which say nothing about the data.
bool states_its_length(const std::uint8_t* member) {
  return std::equal(member, member + 4, member_start.begin()) &&
         std::equal(member + 10, member + 16, member_start.begin() + 10);
}

}  // namespace

bool is_gzip(const std::uint8_t* data, std::size_t size) {
  return size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

Bytes gunzip(const std::uint8_t* data, std::size_t size, std::size_t expected, std::size_t limit) {
  const Decompressor decompressor = new_decompressor();
  Bytes output(std::max<std::size_t>(1, std::min(expected, limit)));
  std::size_t consumed = 0, produced = 0;
  do {
    std::size_t in = 0, out = 0;
    const libdeflate_result result =
        libdeflate_gzip_decompress_ex(decompressor.get(), data + consumed, size - consumed, output.data() + produced,
                                      output.size() - produced, &in, &out);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
      if (output.size() >= limit) throw Error(fmt::format("decompresses to more than the expected {} bytes", expected));
      output.resize(output.size() < limit / 2 ? output.size() * 2 : limit);
      continue;
    }
    if (result != LIBDEFLATE_SUCCESS) throw damaged(consumed, size);
    consumed += in;
    produced += out;
  } while (!only_zeros(data + consumed, size - consumed));
  output.resize(produced);
  return output;
}

Bytes gzip_member(const std::uint8_t* data, std::size_t size) {
  thread_local const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(fastest_level), libdeflate_free_compressor);  // its tables are as large as a member
  if (compressor == nullptr) throw Error("not enough memory to compress");
  Bytes member(header_bytes + libdeflate_deflate_compress_bound(compressor.get(), size) + trailer_bytes);
  const std::size_t packed = libdeflate_deflate_compress(compressor.get(), data, size, member.data() + header_bytes,
                                                         member.size() - header_bytes - trailer_bytes);
  if (packed == 0) throw Error("compression failed");
  member.resize(header_bytes + packed + trailer_bytes);
  std::copy(member_start.begin(), member_start.end(), member.data());
  put_little_endian(member.size(), member.data() + member_start.size());
  put_little_endian(libdeflate_crc32(0, data, size), member.data() + header_bytes + packed);
  put_little_endian(size, member.data() + header_bytes + packed + 4);
  return member;
}

std::vector<GzipMember> gzip_index(const std::uint8_t* data, std::size_t size) {
  std::vector<GzipMember> members;
  GzipMember member;
  while (!only_zeros(data + member.begin, size - member.begin)) {
    const std::size_t left = size - member.begin;
    if (left < header_bytes + trailer_bytes || !states_its_length(data + member.begin)) return {};
    member.bytes = get_little_endian(data + member.begin + member_start.size());
    if (member.bytes < header_bytes + trailer_bytes || member.bytes > left) return {};
    member.content_bytes = get_little_endian(data + member.begin + member.bytes - 4);
    if (member.content_bytes / gzip_largest_ratio > member.bytes) return {};
    members.push_back(member);
    member.begin += member.bytes;
    member.content_begin += member.content_bytes;
  }
  return members;
}

void gunzip_members(const std::uint8_t* data, const std::vector<GzipMember>& members,
                    const std::function<void(const GzipMember&, const std::uint8_t* content)>& take) {
  std::atomic<std::size_t> next{0};
  parallel_for(thread_count(), [&](std::int64_t) {  // a decompressor and a buffer for each thread
    const Decompressor decompressor = new_decompressor();
    Bytes content(1);
    for (std::size_t index = next++; index < members.size(); index = next++) {
      const GzipMember& member = members[index];
      if (content.size() < member.content_bytes) content.resize(member.content_bytes);
      std::size_t in = 0, out = 0;
      const libdeflate_result result = libdeflate_gzip_decompress_ex(
          decompressor.get(), data + member.begin, member.bytes, content.data(), member.content_bytes, &in, &out);
      if (result != LIBDEFLATE_SUCCESS || in != member.bytes || out != member.content_bytes) {
        next = members.size();
        throw damaged(member.begin, members.back().begin + members.back().bytes);
      }
      take(member, content.data());
    }
  });
}

}  // namespace gdm
