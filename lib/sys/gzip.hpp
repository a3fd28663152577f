// gzip (RFC 1952) in memory: every member's CRC and length are checked, and output is cut into independent members so
// that all cores compress. The bytes depend on the input alone, not on the time or the number of threads.
//
// A member written here carries its own compressed length in an extra field (RFC 1952, section 2.3.1.1, as BGZF does
// with an id of its own): 4 bytes, little endian, under the id "GD". With it a reader finds the members without
// decompressing, so that all cores decompress, too. The length is only a hint: what is found with it must be whole
// members whose CRC and length are right, and without it the members are read one after the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "sys/bytes.hpp"

namespace gdm {

/// deflate cannot expand a byte to more than this (zlib's documentation, "Maximum Compression Factor").
constexpr std::uint64_t gzip_largest_ratio = 1032;

bool is_gzip(const std::uint8_t* data, std::size_t size);

/// Decompresses all members. Memory for `expected` bytes is taken first and grows up to `limit`; more output than that,
/// a damaged or cut member, and bytes after the last member other than zeros to the end are Errors.
Bytes gunzip(const std::uint8_t* data, std::size_t size, std::size_t expected, std::size_t limit);

/// One member that holds `size` bytes (at most 2 GiB) and its own length.
Bytes gzip_member(const std::uint8_t* data, std::size_t size);

/// Where a member lies in a file, and where its content in the whole content.
struct GzipMember {
  std::size_t begin = 0, bytes = 0, content_begin = 0, content_bytes = 0;
};

/// The members of `data` as their extra fields and trailers state them; empty if one does not, if the lengths do not
/// add up to `size` but for zeros at its end, or if the content is longer than deflate can make it.
std::vector<GzipMember> gzip_index(const std::uint8_t* data, std::size_t size);

/// Decompresses members of `data` on all cores and hands each one's content to `take`, called from those threads in no
/// stated order. A member that does not hold what `members` says is an Error.
void gunzip_members(const std::uint8_t* data, const std::vector<GzipMember>& members,
                    const std::function<void(const GzipMember&, const std::uint8_t* content)>& take);

}  // namespace gdm
