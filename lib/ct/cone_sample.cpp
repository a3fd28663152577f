// Samples of a detector column's rays on the planes of a slab: the two lines between which they pass are blended once,
// and every ray takes its sample from the blend.
#include <algorithm>

#include "ct/cone_slab.hpp"

namespace gdm::ct {
namespace {

/// Most voxels between rows for eight samples to lie in nine voxels: a voxel, and what rounding adds to it.
constexpr double widest_eight = 1.0 + 1e-9;

/// Samples of a block of eight rows on all lines; rows are widest_eight apart at most.
GDM_INLINE void sample_eight(Lines& lines, std::int64_t block, Eight& sum) {
  for (std::int64_t n = 0; n < lines.count; ++n) {
    const std::int64_t at = n * lines.blocks + block;
    const float* from = lines.line(n) + lines.from[static_cast<std::size_t>(at)];
    EightInts index;
    Eight position, whole, low, high, a, b;
    load(lines.steps[n], position);
    position += lines.shares[static_cast<std::size_t>(at)];
    truncate(position, index);
    // At a voxel apart the last sample may be rounded to the ninth voxel, which is a share of 1 of the eighth cell.
    constexpr EightInts last = {7, 7, 7, 7, 7, 7, 7, 7};
    index = index < last ? index : last;
    to_float(index, whole);
    load(from, low);
    load(from + 1, high);
    permute(low, index, a);
    permute(high, index, b);
    sum += a + (position - whole) * (b - a);
  }
}

/// The same for one row, at any distance.
GDM_INLINE float sample_one(Lines& lines, std::int64_t v) {
  float sum = 0;
  for (std::int64_t n = 0; n < lines.count; ++n) {
    const double c = lines.passages[n].passed + static_cast<double>(v) * lines.passages[n].per_row + 1.0;
    if (!(c > 0 && c < static_cast<double>(lines.length + 1))) continue;
    const auto cell = static_cast<std::int64_t>(c);
    const float* at = lines.line(n) + cell - 1;
    sum += at[0] + static_cast<float>(c - static_cast<double>(cell)) * (at[1] - at[0]);
  }
  return sum;
}

/// Blends the lines of the planes that a column crosses, and returns the most voxels between its rows.
GDM_INLINE double blend_lines(const ColumnRays& rays, const Slab& slab, Lines& lines) {
  const std::int64_t first = std::max(rays.first, slab.p0);
  const std::int64_t last = std::min(rays.last, slab.p0 + planes_of_slab - 1);
  lines.count = 0;
  double widest = 0;
  for (std::int64_t p = first; p <= last; ++p) {
    const Passage passage = passage_of(rays, p);
    const float *near = slab.line(p, passage.near), *far = near + slab.stride;
    float* line = lines.line(lines.count);
    for (std::int64_t c = 0; c < slab.stride; ++c) line[c] = near[c] + passage.share * (far[c] - near[c]);
    lines.passages[lines.count++] = passage;
    widest = std::max(widest, passage.per_row);
  }
  return widest;
}

/// Where the first row of each block of `together` passes each line.
template <std::int64_t together>
GDM_INLINE void place_blocks(Lines& lines) {
  for (std::int64_t n = 0; n < lines.count; ++n) {
    const Passage& passage = lines.passages[n];
    for (int row = 0; row < together; ++row) lines.steps[n][row] = static_cast<float>(row * passage.per_row);
    cells_of(passage.passed, passage.per_row * together, lines.blocks, -1.0 - together,
             static_cast<double>(lines.length + 1), lines.from.data() + n * lines.blocks,
             lines.shares.data() + n * lines.blocks);
  }
}

GDM_CLONES void sample_column(const ColumnRays& rays, const Slab& slab, std::int64_t rows, Lines& lines, float* sums) {
  if (blend_lines(rays, slab, lines) < widest_eight) {
    place_blocks<eight>(lines);
    for (std::int64_t v = 0; v < rows; v += eight) {
      Eight sum;
      load(sums + v, sum);
      sample_eight(lines, v / eight, sum);
      store(sum, sums + v);
    }
  } else {
    for (std::int64_t v = 0; v < rows; ++v) sums[v] += sample_one(lines, v);
  }
}

template <int registers>
GDM_INLINE void sample_sixteens(std::int64_t rows, Lines& lines, float* sums) {
  place_blocks<sixteen>(lines);
  for (std::int64_t v = 0; v < rows; v += sixteen) {
    Sixteen sum, steps;
    load(sums + v, sum);
    for (std::int64_t n = 0; n < lines.count; ++n) {
      const auto at = static_cast<std::size_t>(n * lines.blocks + v / sixteen);
      load(lines.steps[n], steps);
      add_sixteen<registers>(lines.line(n) + lines.from[at], lines.shares[at], steps, sum);
    }
    store(sum, sums + v);
  }
}

GDM_WIDE void sample_column_wide(const ColumnRays& rays, const Slab& slab, std::int64_t rows, Lines& lines,
                                 float* sums) {
  const double widest = blend_lines(rays, slab, lines);
  if (widest < widest_sixteen<1>) {
    sample_sixteens<1>(rows, lines, sums);
  } else if (widest < 1.0) {
    sample_sixteens<2>(rows, lines, sums);
  } else {
    for (std::int64_t v = 0; v < rows; ++v) sums[v] += sample_one(lines, v);
  }
}

}  // namespace

Sampler column_sampler() {
  return wide_vectors() ? sample_column_wide : sample_column;
}

}  // namespace gdm::ct
