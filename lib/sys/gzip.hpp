// gzip (RFC 1952) in memory: every member's CRC and length are checked, and output is cut into independent members so
// that all cores compress. The bytes depend on the input alone, not on the time or the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sys/bytes.hpp"

namespace gdm {

/// deflate cannot expand a byte to more than this (zlib's documentation, "Maximum Compression Factor").
constexpr std::uint64_t gzip_largest_ratio = 1032;

bool is_gzip(const std::uint8_t* data, std::size_t size);

/// Decompresses all members. Memory for `expected` bytes is taken first and grows up to `limit`; more output than that,
/// a damaged or cut member, and bytes after the last member are Errors.
Bytes gunzip(const std::uint8_t* data, std::size_t size, std::size_t expected, std::size_t limit);

/// The first `bytes` decompressed bytes, or fewer if `data` (the start of a file) yields fewer. Checks no CRC.
Bytes gunzip_prefix(const std::uint8_t* data, std::size_t size, std::size_t bytes);

/// Members of 8 MiB of input each, to be written one after the other.
std::vector<Bytes> gzip_members(const std::uint8_t* data, std::size_t size);

}  // namespace gdm
