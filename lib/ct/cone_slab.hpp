// Slabs of a volume's planes and the columns of a detector that cross them, for what samples and what spreads: of use
// inside ct/ alone, by ct/cone_columns.cpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ct/line_frame.hpp"
#include "ct/sixteen.hpp"

namespace gdm::ct {

constexpr std::int64_t planes_of_slab = 8;

/// Lines of c on planes p0 .. p0 + 7 of one axis, with a line of zeros before the first and after the last of a plane.
struct Slab {
  bool planes_of_a;
  std::int64_t p0 = 0, planes, lines, stride;
  Voxels<float> cells;

  Slab(const LineFrame& frame, bool along_a)
      : planes_of_a(along_a),
        planes(frame.shape()[along_a ? 0 : 1]),
        lines(frame.shape()[along_a ? 1 : 0]),
        stride(whole_lines(frame.shape()[2])),
        cells(static_cast<std::size_t>(planes_of_slab * (lines + 2) * stride), 0.0F) {}
  std::int64_t count() const { return (planes + planes_of_slab - 1) / planes_of_slab; }
  float* line(std::int64_t p, std::int64_t x) { return cells.data() + ((p - p0) * (lines + 2) + x + 1) * stride; }
  const float* line(std::int64_t p, std::int64_t x) const {
    return cells.data() + ((p - p0) * (lines + 2) + x + 1) * stride;
  }
};

/// Pieces of a slab that threads may load or store side by side: a cache line of c each.
inline std::int64_t piece_count(const LineFrame& frame) {
  return (frame.shape()[2] + sixteen - 1) / sixteen;
}

/// Calls body(line's value, volume's element) for each voxel of a piece. The volume is read side by side along a, and
/// what is written stays in the cache.
template <class Body>
void for_each_voxel(Slab& slab, const LineFrame& frame, std::int64_t piece, Body&& body) {
  const std::int64_t end = std::min(slab.planes, slab.p0 + planes_of_slab), nc = frame.shape()[2];
  const auto step = [&](std::int64_t a, std::int64_t b, std::int64_t c) {
    return frame.offset(a, b, c) - frame.offset(0, 0, 0);
  };
  const std::int64_t p_step = slab.planes_of_a ? step(1, 0, 0) : step(0, 1, 0);
  const std::int64_t x_step = slab.planes_of_a ? step(0, 1, 0) : step(1, 0, 0), c_step = step(0, 0, 1);
  const std::int64_t c0 = piece * sixteen, c1 = std::min(nc, c0 + sixteen);
  const auto line = [&](std::int64_t p, std::int64_t x) {
    float* cells = slab.line(p, x);
    std::int64_t at = frame.offset(0, 0, c0) + p * p_step + x * x_step;
    for (std::int64_t c = c0; c < c1; ++c, at += c_step) body(cells[c], at);
  };
  if (slab.planes_of_a) {
    for (std::int64_t x = 0; x < slab.lines; ++x) {
      for (std::int64_t p = slab.p0; p < end; ++p) line(p, x);
    }
  } else {
    for (std::int64_t p = slab.p0; p < end; ++p) {
      for (std::int64_t x = 0; x < slab.lines; ++x) line(p, x);
    }
  }
}

/// Zeros before and after the rows of a column.
constexpr std::int64_t rows_margin = 48;

/// Where a column's rays pass plane p: between two neighbouring lines, and row v at c = passed + v per_row.
struct Passage {
  std::int64_t near;
  float share;  ///< of the line after it
  double passed, per_row;
};

GDM_INLINE Passage passage_of(const ColumnRays& rays, std::int64_t p) {
  const auto plane = static_cast<double>(p);
  const double x = rays.x0 + plane * rays.dx + 1.0;  // truncation rounds down from 0 on
  const auto cell = static_cast<std::int64_t>(x);
  return {cell - 1, static_cast<float>(x - static_cast<double>(cell)), rays.c0 + plane * rays.dc,
          rays.row0 + plane * rays.drow};
}

/// Zeros before and after a blended line, for the rays that pass below and above the volume.
constexpr std::int64_t line_margin = 48;

/// Blended lines of the planes of a slab that a column crosses, and how its rows pass them.
struct Lines {
  std::int64_t stride, length;
  CacheLines cells;
  Passage passages[planes_of_slab];
  float steps[planes_of_slab][sixteen];  ///< of the rows of a block from the first of them
  std::int64_t count = 0;
  std::int64_t blocks;  ///< of eight rows, or of sixteen and half as many, rounded up to four of them
  std::vector<std::int32_t> from;
  std::vector<float> shares;

  Lines(const LineFrame& frame, std::int64_t rows)
      : stride(whole_lines(frame.shape()[2]) + 2 * line_margin),
        length(frame.shape()[2]),
        cells(planes_of_slab * stride),
        blocks((rows + 4 * eight - 1) / (4 * eight) * 4),
        from(static_cast<std::size_t>(planes_of_slab * blocks)),
        shares(from.size()) {}
  float* line(std::int64_t n) { return cells.data() + n * stride + line_margin; }
};

/// Adds to the rows of a column its samples on the slab's planes, for the processor at hand; `lines` is its room. The
/// last block of rows goes into the margin after them, which nobody reads.
using Sampler = void (*)(const ColumnRays& rays, const Slab& slab, std::int64_t rows, Lines& lines, float* sums);
Sampler column_sampler();

/// The transpose: adds to the slab what the rows of a column, with zeros in their margins, spread on it.
using Spreader = void (*)(const ColumnRays& rays, const float* rows, std::int64_t count, Slab& slab);
Spreader column_spreader();

}  // namespace gdm::ct
