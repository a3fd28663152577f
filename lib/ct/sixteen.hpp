// Sixteen neighbouring values of a line at once, as ct/eight.hpp has eight: for functions marked GDM_WIDE, of use
// inside ct/ alone. One permutation takes from two registers, so sixteen samples may span 32 cells.
#pragma once

#include <vector>

#include "ct/eight.hpp"

namespace gdm::ct {

constexpr std::int64_t sixteen = 16;
using Sixteen = float __attribute__((vector_size(64)));
using SixteenInts = std::int32_t __attribute__((vector_size(64)));

constexpr Sixteen counted_sixteen = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

GDM_INLINE void load(const float* from, Sixteen& to) {
  std::memcpy(&to, from, sizeof to);
}
GDM_INLINE void store(const Sixteen& from, float* to) {
  std::memcpy(to, &from, sizeof from);
}
GDM_INLINE void truncate(const Sixteen& in, SixteenInts& out) {
  out = __builtin_convertvector(in, SixteenInts);
}
GDM_INLINE void to_float(const SixteenInts& in, Sixteen& out) {
  out = __builtin_convertvector(in, Sixteen);
}
GDM_INLINE void raise_to(const Sixteen& least, Sixteen& values) {
  values = values > least ? values : least;
}

/// Memory in whole cache lines: vectors that cross two of them take twice the time. Zero at first.
struct alignas(64) CacheLine {
  float values[sixteen] = {};
};
/// Whole cache lines that hold so many floats, in floats.
constexpr std::int64_t whole_lines(std::int64_t floats) {
  return (floats + sixteen - 1) / sixteen * sixteen;
}
class CacheLines {
 public:
  CacheLines() = default;
  explicit CacheLines(std::int64_t floats) : lines_(static_cast<std::size_t>(whole_lines(floats) / sixteen)) {}
  float* data() { return lines_.data()->values; }
  const float* data() const { return lines_.data()->values; }

 private:
  std::vector<CacheLine> lines_;
};

/// Cells of a line, sixteen or thirty-two from `from` on.
template <int registers>
struct Cells {
  static_assert(registers == 1 || registers == 2, "what one permutation takes from");
  Sixteen low, high;

  GDM_INLINE explicit Cells(const float* from) {
    load(from, low);
    if (registers == 2) load(from + sixteen, high);
  }
  /// out[n] = cell number index[n].
  GDM_INLINE void pick(const SixteenInts& index, Sixteen& out) const {
#if defined(__clang__)
    for (int n = 0; n < 16; ++n) out[n] = index[n] < 16 ? low[index[n] & 15] : high[index[n] & 15];
#else
    if (registers == 1) {
      out = __builtin_shuffle(low, index);
    } else {
      out = __builtin_shuffle(low, high, index);
    }
#endif
  }
};

/// Furthest that neighbouring samples may lie apart for sixteen of them to lie between so many registers of cells.
template <int registers>
constexpr double widest_sixteen = (16.0 * registers - 2.0) / 15.0;

/// Adds sixteen samples between the cells of a line that begins at `from`, at share + steps.
template <int registers>
GDM_INLINE void add_sixteen(const float* from, float share, const Sixteen& steps, Sixteen& sum) {
  const Cells<registers> cells(from);
  const Sixteen position = steps + share;
  SixteenInts index;
  Sixteen whole, a, b;
  truncate(position, index);
  to_float(index, whole);
  cells.pick(index, a);
  cells.pick(index + 1, b);
  sum += a + (position - whole) * (b - a);
}

}  // namespace gdm::ct
