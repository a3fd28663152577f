// Any bytes as gzip: an Error, or no more output than the limit; and both decompressors agree on the start.
#include <algorithm>
#include <cstdlib>

#include "sys/error.hpp"
#include "sys/gzip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t limit = 1 << 16, head = 540;
  gdm::Bytes start;
  bool started = false;
  try {
    start = gdm::gunzip_prefix(data, size, head);
    started = true;
    if (start.size() > head) std::abort();
  } catch (const gdm::Error&) {
  }
  try {
    const gdm::Bytes whole = gdm::gunzip(data, size, size, limit);
    if (whole.size() > limit) std::abort();
    if (!started) return 0;  // zlib also checks the CRC of a gzip header, libdeflate does not
    if (start.size() != std::min(head, whole.size())) std::abort();
    if (!std::equal(start.data(), start.data() + start.size(), whole.data())) std::abort();
  } catch (const gdm::Error&) {
  }
  return 0;
}
