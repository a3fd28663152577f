// A block of memory that is not filled with zeros first: volumes and files are overwritten whole, and a header that
// promises too much must not touch the pages it asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "sys/error.hpp"

namespace gdm {

class Bytes {
 public:
  Bytes() = default;
  explicit Bytes(std::size_t size) { resize(size); }

  std::uint8_t* data() { return block_.get(); }
  const std::uint8_t* data() const { return block_.get(); }
  std::size_t size() const { return size_; }

  /// Keeps the content up to the smaller size; new bytes are undefined. Throws Error when there is no memory.
  void resize(std::size_t size) {
    if (size > capacity_) {
      void* moved = std::realloc(block_.get(), size);
      if (moved == nullptr) throw Error("not enough memory for " + std::to_string(size) + " bytes");
      static_cast<void>(block_.release());
      block_.reset(static_cast<std::uint8_t*>(moved));
      capacity_ = size;
    }
    size_ = size;
  }

 private:
  struct Free {
    void operator()(std::uint8_t* block) const { std::free(block); }
  };
  std::unique_ptr<std::uint8_t, Free> block_;
  std::size_t size_ = 0, capacity_ = 0;
};

}  // namespace gdm
