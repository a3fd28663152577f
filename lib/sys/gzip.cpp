// libdeflate for whole buffers (several times faster than zlib), zlib for the start of a stream, which libdeflate
// cannot decompress.
#include "sys/gzip.hpp"

#include <fmt/format.h>
#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm {
namespace {

constexpr std::size_t member_bytes = std::size_t{8} << 20;
constexpr int fastest_level = 1;

}  // namespace

bool is_gzip(const std::uint8_t* data, std::size_t size) {
  return size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
}

Bytes gunzip(const std::uint8_t* data, std::size_t size, std::size_t expected, std::size_t limit) {
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (decompressor == nullptr) throw Error("not enough memory to decompress");
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
    if (result != LIBDEFLATE_SUCCESS) {
      throw Error(fmt::format("the gzip data are damaged or cut off (member at byte {} of {})", consumed, size));
    }
    consumed += in;
    produced += out;
  } while (consumed < size);
  output.resize(produced);
  return output;
}

Bytes gunzip_prefix(const std::uint8_t* data, std::size_t size, std::size_t bytes) {
  z_stream stream = {};
  constexpr int gzip_window = 15 + 16;
  if (inflateInit2(&stream, gzip_window) != Z_OK) throw Error("not enough memory to decompress");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> closer(&stream, inflateEnd);
  Bytes output(bytes);
  stream.next_in = const_cast<std::uint8_t*>(data);  // zlib's old interface; it does not write there
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
  stream.next_out = output.data();
  stream.avail_out = static_cast<uInt>(bytes);
  int result = Z_OK;
  while (stream.avail_out > 0 && stream.avail_in > 0 && (result == Z_OK || result == Z_STREAM_END)) {
    if (result == Z_STREAM_END && inflateReset(&stream) != Z_OK) break;
    result = inflate(&stream, Z_SYNC_FLUSH);
  }
  if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) throw Error("the gzip data are damaged");
  output.resize(bytes - stream.avail_out);
  return output;
}

std::vector<Bytes> gzip_members(const std::uint8_t* data, std::size_t size) {
  const std::size_t count = std::max<std::size_t>(1, (size + member_bytes - 1) / member_bytes);
  std::vector<Bytes> members(count);
  parallel_for(static_cast<std::int64_t>(count), [&](std::int64_t index) {
    const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
        libdeflate_alloc_compressor(fastest_level), libdeflate_free_compressor);
    if (compressor == nullptr) throw Error("not enough memory to compress");
    const std::size_t begin = static_cast<std::size_t>(index) * member_bytes;
    const std::size_t bytes = std::min(member_bytes, size - begin);
    Bytes& member = members[static_cast<std::size_t>(index)];
    member.resize(libdeflate_gzip_compress_bound(compressor.get(), bytes));
    const std::size_t packed =
        libdeflate_gzip_compress(compressor.get(), data + begin, bytes, member.data(), member.size());
    if (packed == 0) throw Error("compression failed");
    member.resize(packed);
  });
  return members;
}

}  // namespace gdm
