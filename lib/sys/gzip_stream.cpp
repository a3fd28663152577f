// zlib: libdeflate cannot decompress a part.
#include "sys/gzip_stream.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "sys/error.hpp"

namespace gdm {

void GzipStream::Inflate::operator()(z_stream_s* stream) const {
  inflateEnd(stream);
  delete stream;
}

GzipStream::GzipStream(Source source) : source_(std::move(source)), stream_(new z_stream_s{}) {
  constexpr int gzip_window = 15 + 16;
  if (inflateInit2(stream_.get(), gzip_window) != Z_OK) throw Error("not enough memory to decompress");
}
GzipStream::~GzipStream() = default;
GzipStream::GzipStream(GzipStream&&) noexcept = default;
GzipStream& GzipStream::operator=(GzipStream&&) noexcept = default;

bool GzipStream::skip_padding() {
  const std::uint8_t *const from = stream_->next_in, *const end = from + stream_->avail_in;
  const std::uint8_t* const other = std::find_if(from, end, [](std::uint8_t byte) { return byte != 0; });
  padded_ = padded_ || other != from;
  stream_->next_in = const_cast<std::uint8_t*>(other);
  stream_->avail_in = static_cast<uInt>(end - other);
  if (padded_ && other != end) {
    throw Error(fmt::format("the gzip data are damaged at byte {}: more follows the zeros after the last member",
                            consumed_ - stream_->avail_in));
  }
  return padded_;
}

std::size_t GzipStream::read(std::uint8_t* to, std::size_t bytes) {
  std::size_t done = 0;
  while (done < bytes) {
    if (stream_->avail_in == 0) {
      const auto [data, size] = source_();
      if (size == 0 && between_members_) break;
      if (size == 0) throw Error(fmt::format("the gzip data are cut off after {} bytes", consumed_));
      stream_->next_in = const_cast<std::uint8_t*>(data);  // zlib's old interface; it does not write there
      stream_->avail_in = static_cast<uInt>(size);
      consumed_ += size;
    }
    if (between_members_ && skip_padding()) continue;
    if (between_members_) inflateReset(stream_.get());
    const std::size_t room = std::min<std::size_t>(bytes - done, std::numeric_limits<uInt>::max());
    stream_->next_out = to + done;
    stream_->avail_out = static_cast<uInt>(room);
    const int result = inflate(stream_.get(), Z_NO_FLUSH);
    if (result == Z_MEM_ERROR) throw Error("not enough memory to decompress");
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      throw Error(fmt::format("the gzip data are damaged before byte {}", consumed_ - stream_->avail_in));
    }
    between_members_ = result == Z_STREAM_END;
    done += room - stream_->avail_out;
  }
  return done;
}

}  // namespace gdm
