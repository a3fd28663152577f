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

/// Positions start, start + step, ... on a line of which `low` .. `high` can be read, as cells and shares of the next
/// cell, so that the loop over them converts nothing.
GDM_INLINE void cells_of(double start, double step, std::int64_t count, double low, double high, std::int32_t* cells,
                         float* shares) {
  const double up = 1.0 - low;  // truncation rounds down from 0 on
  const auto back = static_cast<std::int32_t>(low) - 1;
  for (std::int64_t n = 0; n < count; ++n) {
    const double at = start + static_cast<double>(static_cast<std::int32_t>(n)) * step;
    const double inside = (at > low ? (at < high ? at : high) : low) + up;
    const auto cell = static_cast<std::int32_t>(inside);
    cells[n] = cell + back;
    shares[n] = static_cast<float>(inside - static_cast<double>(cell));
  }
}

}  // namespace gdm::ct
