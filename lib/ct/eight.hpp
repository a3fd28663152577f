// Eight neighbouring values of a line at once: of use inside ct/ alone. Sampling a line at equal steps needs no gather,
// since eight samples that are less than a voxel apart lie in nine voxels: they are loaded and permuted.
#pragma once

#include <cstdint>
#include <cstring>

#include "sys/clones.hpp"

namespace gdm::ct {

constexpr std::int64_t eight = 8;
using Eight = float __attribute__((vector_size(32)));
using EightInts = std::int32_t __attribute__((vector_size(32)));

constexpr Eight counted_eight = {0, 1, 2, 3, 4, 5, 6, 7};

GDM_INLINE void load(const float* from, Eight& to) {
  std::memcpy(&to, from, sizeof to);
}
GDM_INLINE void store(const Eight& from, float* to) {
  std::memcpy(to, &from, sizeof from);
}

/// out[n] = in[index[n] modulo 8].
GDM_INLINE void permute(const Eight& in, const EightInts& index, Eight& out) {
#if defined(__clang__)
  for (int n = 0; n < 8; ++n) out[n] = in[index[n] & 7];
#else
  out = __builtin_shuffle(in, index);
#endif
}

GDM_INLINE void truncate(const Eight& in, EightInts& out) {
  out = __builtin_convertvector(in, EightInts);
}
GDM_INLINE void raise_to(const Eight& least, Eight& values) {
  values = values > least ? values : least;  // one instruction, as long as it reads like this
}
GDM_INLINE void to_float(const EightInts& in, Eight& out) {
  out = __builtin_convertvector(in, Eight);
}

/// Lower half of `low`, upper half of `high`.
GDM_INLINE void join_halves(const Eight& low, const Eight& high, Eight& out) {
#if defined(__clang__)
  for (int n = 0; n < 8; ++n) out[n] = n < 4 ? low[n] : high[n];
#else
  out = __builtin_shuffle(low, high, EightInts{0, 1, 2, 3, 12, 13, 14, 15});
#endif
}

using FourDoubles = double __attribute__((vector_size(32)));
using FourInts = std::int32_t __attribute__((vector_size(16)));
using FourFloats = float __attribute__((vector_size(16)));

/// Positions start, start + step, ... on a line of which `low` .. `high` can be read, as cells and shares of the next
/// cell, so that the loop over them converts nothing. `count` is rounded up to a multiple of four.
GDM_INLINE void cells_of(double start, double step, std::int64_t count, double low, double high, std::int32_t* cells,
                         float* shares) {
  const double up = 1.0 - low;  // truncation rounds down from 0 on
  const FourDoubles lowest = {low, low, low, low}, highest = {high, high, high, high};
  const auto back = static_cast<std::int32_t>(low) - 1;
  FourDoubles at = {start, start + step, start + 2 * step, start + 3 * step};
  for (std::int64_t n = 0; n < count; n += 4) {
    FourDoubles inside = at > lowest ? at : lowest;
    inside = (inside < highest ? inside : highest) + up;
    const FourInts cell = __builtin_convertvector(inside, FourInts);
    const FourFloats share = __builtin_convertvector(inside - __builtin_convertvector(cell, FourDoubles), FourFloats);
    const FourInts moved = cell + back;
    std::memcpy(cells + n, &moved, sizeof moved);
    std::memcpy(shares + n, &share, sizeof share);
    at += 4 * step;
  }
}

}  // namespace gdm::ct
