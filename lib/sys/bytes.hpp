// Blocks of memory that are not filled with zeros first: volumes and files are overwritten whole, each part by the
// thread that computes it, and a header that promises too much must not touch the pages it asks for.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "sys/error.hpp"

namespace gdm {

/// Asks for pages of 2 MiB in a large block: a volume then costs tens of page faults instead of ten thousands. Whole
/// small pages are named, so that a block stays one mapping, which realloc can move without copying.
inline void prefer_huge_pages(void* block, std::size_t size) {
  constexpr std::size_t worthwhile = std::size_t{4} << 20;
  if (size < worthwhile) return;
  static const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(block) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(block) + size + page - 1) / page * page;
  static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));  // a wish
}

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
      prefer_huge_pages(moved, size);
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

/// For a std::vector of numbers whose resize(n) leaves new elements undefined; resize(n, value) fills them.
template <class T>
struct UnfilledAllocator {
  static_assert(std::is_trivially_default_constructible_v<T>);
  using value_type = T;
  UnfilledAllocator() = default;
  template <class U>
  UnfilledAllocator(const UnfilledAllocator<U>&) {}  // not explicit: containers convert it

  T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_alloc();
    void* block = ::operator new(count * sizeof(T));
    prefer_huge_pages(block, count * sizeof(T));
    return static_cast<T*>(block);
  }
  void deallocate(T* block, std::size_t) { ::operator delete(block); }
  void construct(T* at) { ::new (static_cast<void*>(at)) T; }
  template <class... Arguments>
  void construct(T* at, Arguments&&... arguments) {
    ::new (static_cast<void*>(at)) T(std::forward<Arguments>(arguments)...);
  }
  bool operator==(const UnfilledAllocator&) const { return true; }
  bool operator!=(const UnfilledAllocator&) const { return false; }
};

}  // namespace gdm
