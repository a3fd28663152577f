// gzip (RFC 1952) from a stream, decompressed as it arrives; memory for whole files is left to sys/gzip.hpp, which is
// several times faster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

struct z_stream_s;

namespace gdm {

class GzipStream {
 public:
  /// Gives the next compressed bytes, which must live until the next call; none at the end.
  using Source = std::function<std::pair<const std::uint8_t*, std::size_t>()>;
  explicit GzipStream(Source source);
  ~GzipStream();
  GzipStream(GzipStream&&) noexcept;
  GzipStream& operator=(GzipStream&&) noexcept;

  /// Decompresses until `bytes` have come or the members end; returns how many came. Damage, an end within a member and
  /// bytes after the last member that are neither gzip nor zeros to the end are Errors; CRC and length of a member are
  /// known to be right when a byte behind it, or the end, has been read.
  std::size_t read(std::uint8_t* to, std::size_t bytes);

 private:
  struct Inflate {
    void operator()(z_stream_s* stream) const;
  };
  /// Between members: whether zeros to the end begin, which are taken.
  bool skip_padding();

  Source source_;
  std::unique_ptr<z_stream_s, Inflate> stream_;
  std::size_t consumed_ = 0;
  bool between_members_ = false, padded_ = false;
};

}  // namespace gdm
