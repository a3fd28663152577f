// Any bytes as gzip: an Error, or no more output than the limit; the stream, the serial reader, and the members by
// their stated lengths agree on the content.
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <vector>

#include "sys/error.hpp"
#include "sys/gzip.hpp"
#include "sys/gzip_stream.hpp"

namespace {

using Content = std::vector<std::uint8_t>;
constexpr std::size_t limit = 1 << 16;

template <class Read>
std::optional<Content> content_of(Read&& read) {
  try {
    return read();
  } catch (const gdm::Error&) {
    return std::nullopt;
  }
}

Content streamed(const std::uint8_t* data, std::size_t size) {
  std::size_t given = 0;
  gdm::GzipStream stream([&]() -> std::pair<const std::uint8_t*, std::size_t> {
    const std::size_t begin = given, step = std::min<std::size_t>(1 + given % 5, size - given);
    given += step;
    return {data + begin, step};
  });
  Content content(limit + 1);
  content.resize(stream.read(content.data(), content.size()));
  if (content.size() > limit) throw gdm::Error("more than the limit");
  return content;
}

Content by_members(const std::uint8_t* data, const std::vector<gdm::GzipMember>& members) {
  Content content(members.back().content_begin + members.back().content_bytes);
  gdm::gunzip_members(data, members, [&](const gdm::GzipMember& member, const std::uint8_t* from) {
    if (member.content_begin + member.content_bytes > content.size()) std::abort();
    std::copy_n(from, member.content_bytes, content.begin() + static_cast<std::ptrdiff_t>(member.content_begin));
  });
  return content;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto stream = content_of([&] { return streamed(data, size); });
  const auto whole = content_of([&] {
    const gdm::Bytes bytes = gdm::gunzip(data, size, size, limit);
    if (bytes.size() > limit) std::abort();
    return Content(bytes.data(), bytes.data() + bytes.size());
  });
  // zlib also checks the CRC of a gzip header, libdeflate does not; so one of them may refuse what the other takes.
  if (stream && whole && *stream != *whole) std::abort();
  const auto members = gdm::gzip_index(data, size);
  if (members.empty() || members.back().content_begin + members.back().content_bytes > limit) return 0;
  const auto parts = content_of([&] { return by_members(data, members); });
  if (parts && (!whole || *parts != *whole)) std::abort();
  return 0;
}
