// Whole detector columns at once. The volume goes through in slabs of eight planes, for the columns that cross it along
// a and then for those along b, with the lines of c side by side. On each plane that a column's rays cross, the two
// lines between which they pass are blended once, and every ray of the column takes its sample from the blend. The
// transpose spreads onto such a line and shares it out between the two. A slab of planes is nobody else's, so the
// transpose is computed slab by slab in parallel without a race.
#include <algorithm>
#include <cmath>
#include <vector>

#include "ct/cone_walk.hpp"
#include "ct/sixteen.hpp"
#include "sys/parallel.hpp"

namespace gdm::ct {
namespace {

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

/// Calls body(line's value, volume's element) for each voxel of a slab, in parallel unless a loop around it is. A cache
/// line of c is taken at a time: the volume is read side by side along a, and what is written stays in the cache.
template <class Body>
void for_each_voxel(Slab& slab, const LineFrame& frame, Body&& body) {
  constexpr std::int64_t together = 16;
  const std::int64_t end = std::min(slab.planes, slab.p0 + planes_of_slab), nc = frame.shape()[2];
  const auto step = [&](std::int64_t a, std::int64_t b, std::int64_t c) {
    return frame.offset(a, b, c) - frame.offset(0, 0, 0);
  };
  const std::int64_t p_step = slab.planes_of_a ? step(1, 0, 0) : step(0, 1, 0);
  const std::int64_t x_step = slab.planes_of_a ? step(0, 1, 0) : step(1, 0, 0), c_step = step(0, 0, 1);
  parallel_for((nc + together - 1) / together, [&](std::int64_t n) {
    const std::int64_t c0 = n * together, c1 = std::min(nc, c0 + together);
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
  });
}

/// Detector columns of some views, the rows of a column side by side with zeros on both sides.
struct Block {
  static constexpr std::int64_t margin = 48;
  std::int64_t columns, rows, stride;
  ViewChoice views;
  std::int64_t first, count;  ///< of the views chosen
  std::vector<ColumnRays> rays;
  Voxels<float> values;

  Block(const PosedScan& scan, const LineFrame& frame, const ViewChoice& chosen, std::int64_t from, std::int64_t n)
      : columns(scan.geometry().detector_columns),
        rows(scan.geometry().detector_rows),
        stride((rows + 2 * margin + eight - 1) / eight * eight),
        views(chosen),
        first(from),
        count(n),
        rays(static_cast<std::size_t>(n * columns)),
        values(static_cast<std::size_t>(n * columns * stride)) {
    parallel_for(count, [&](std::int64_t view) {
      std::fill_n(values.data() + view * columns * stride, columns * stride, 0.0F);
      for (std::int64_t u = 0; u < columns; ++u) {
        rays[static_cast<std::size_t>(view * columns + u)] = column_rays(scan, frame, views.view(first + view), u);
      }
    });
  }
  const ColumnRays& column(std::int64_t view, std::int64_t u) const {
    return rays[static_cast<std::size_t>(view * columns + u)];
  }
  float* rows_of(std::int64_t view, std::int64_t u) { return values.data() + (view * columns + u) * stride + margin; }
  const float* rows_of(std::int64_t view, std::int64_t u) const {
    return values.data() + (view * columns + u) * stride + margin;
  }
  bool has(bool planes_of_a) const {
    return std::any_of(rays.begin(), rays.end(), [=](const ColumnRays& r) { return r.planes_of_a == planes_of_a; });
  }
  /// Calls body(value, ray's element, its sample length) for each ray of a view.
  template <class Body>
  void for_each_ray(std::int64_t view, Body&& body) {
    const std::int64_t at = views.view(first + view) * columns * rows;
    constexpr std::int64_t together = 16;  // columns, so that the rays of a row are read side by side
    for (std::int64_t u0 = 0; u0 < columns; u0 += together) {
      const std::int64_t end = std::min(columns, u0 + together);
      for (std::int64_t v = 0; v < rows; ++v) {
        for (std::int64_t u = u0; u < end; ++u) {
          body(rows_of(view, u)[v], at + v * columns + u, static_cast<float>(column(view, u).sample_mm(v)));
        }
      }
    }
  }
};

/// Views whose columns are held at a time: about 32 MB of them, the same number in each block.
std::int64_t views_at_once(const PosedScan& scan, std::int64_t views) {
  constexpr std::int64_t floats = std::int64_t{8} << 20;
  const std::int64_t most = std::max<std::int64_t>(4, floats / scan.geometry().rays_per_view());
  const std::int64_t blocks = std::max<std::int64_t>(1, (views + most - 1) / most);
  return (views + blocks - 1) / blocks;
}

/// Calls body(block) for the views chosen, some at a time.
template <class Body>
void for_each_block(const PosedScan& scan, const LineFrame& frame, const ViewChoice& views, Body&& body) {
  const std::int64_t at_once = views_at_once(scan, views.count());
  for (std::int64_t first = 0; first < views.count(); first += at_once) {
    Block block(scan, frame, views, first, std::min(at_once, views.count() - first));
    body(block);
  }
}

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
constexpr std::int64_t line_margin = 32;

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

/// Samples of a block of eight rows on all lines; rows are less than a voxel apart.
GDM_INLINE void sample_eight(Lines& lines, std::int64_t block, Eight& sum) {
  for (std::int64_t n = 0; n < lines.count; ++n) {
    const std::int64_t at = n * lines.blocks + block;
    const float* from = lines.line(n) + lines.from[static_cast<std::size_t>(at)];
    EightInts index;
    Eight position, whole, low, high, a, b;
    load(lines.steps[n], position);
    position += lines.shares[static_cast<std::size_t>(at)];
    truncate(position, index);
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

/// Adds to the rows of a column its samples on the slab's planes. The last block of rows goes into the margin after
/// them, which nobody reads.
GDM_CLONES void sample_column(const ColumnRays& rays, const Slab& slab, std::int64_t rows, Lines& lines, float* sums) {
  if (blend_lines(rays, slab, lines) < 1.0) {
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

/// Adds to eight voxels of a line, from c on, each one's sum over the rows that pass within a voxel of it. `registers`
/// of eight rows hold all of those, so 1 / per_row is at most registers - 1/8.
template <int registers>
GDM_INLINE void spread_eight(const float* rows, std::int64_t count, const Passage& passage, std::int64_t c,
                             Eight& sum) {
  const double apart = 1.0 / passage.per_row;
  const double start = (static_cast<double>(c - 1) - passage.passed) * apart;  // the row that would pass at c - 1
  const double highest = static_cast<double>(count), lowest = 2.0 - static_cast<double>(Block::margin);
  if (!(start < highest) || !(start > lowest)) return;
  const double base = std::floor(start);
  const Eight position = static_cast<float>(start - base) + counted_eight * static_cast<float>(apart);
  EightInts index;
  Eight whole;
  const Eight nothing = {};
  truncate(position, index);
  to_float(index, whole);
  const auto per_row = static_cast<float>(passage.per_row);
  Eight from_voxel = per_row * (1.0F - (position - whole)) - 1.0F;  // of the next row that passes above c - 1
  const float* at = rows + static_cast<std::int64_t>(base) + 1;
  const auto terms = static_cast<std::int64_t>(std::ceil(2.0 * apart));
  for (std::int64_t m = 0; m < terms; ++m) {
    Eight value, loaded, other;
    load(at + m, loaded);
    permute(loaded, index, value);
    for (int r = 1; r < registers; ++r) {
      load(at + m + r * eight, loaded);
      permute(loaded, index, other);
      value = index >= static_cast<std::int32_t>(r * eight) ? other : value;
    }
    Eight distance = from_voxel, weight;
    raise_to(-from_voxel, distance);
    weight = 1.0F - distance;
    raise_to(nothing, weight);
    sum += value * weight;
    from_voxel += per_row;
  }
}

/// The same for one voxel and any distance between rows.
float spread_one(const float* rows, std::int64_t count, const Passage& passage, std::int64_t c) {
  const auto row_at = [&](double at) {
    const double row = std::ceil((at - passage.passed) / passage.per_row);
    return static_cast<std::int64_t>(std::min(std::max(row, 0.0), static_cast<double>(count)));
  };
  const auto at = static_cast<double>(c);
  const std::int64_t end = row_at(at + 1.0);
  float sum = 0;
  for (std::int64_t v = row_at(at - 1.0); v < end; ++v) {
    const double distance = std::abs(passage.passed + static_cast<double>(v) * passage.per_row - at);
    sum += static_cast<float>(std::max(0.0, 1.0 - distance)) * rows[v];
  }
  return sum;
}

template <int registers>
GDM_INLINE void spread_line(const float* rows, std::int64_t count, const Passage& passage, std::int64_t length,
                            float* near, float* far) {
  const double top = passage.passed + static_cast<double>(count - 1) * passage.per_row;
  const auto bounded = [&](double c) { return std::min(std::max(c, 0.0), static_cast<double>(length)); };
  const auto c0 = static_cast<std::int64_t>(bounded(passage.passed - 1.0)) / eight * eight;
  const auto c1 = static_cast<std::int64_t>(bounded(std::ceil(top + 1.0)));
  for (std::int64_t c = c0; c < c1; c += eight) {
    Eight sum = {}, value;
    if (registers > 0) {
      spread_eight<(registers > 0 ? registers : 1)>(rows, count, passage, c, sum);
    } else {
      for (int n = 0; n < 8; ++n) sum[n] = spread_one(rows, count, passage, c + n);
    }
    load(near + c, value);
    value += (1.0F - passage.share) * sum;
    store(value, near + c);
    load(far + c, value);
    value += passage.share * sum;
    store(value, far + c);
  }
}

GDM_CLONES void spread_column(const ColumnRays& rays, const float* rows, std::int64_t count, Slab& slab) {
  const std::int64_t first = std::max(rays.first, slab.p0);
  const std::int64_t last = std::min(rays.last, slab.p0 + planes_of_slab - 1);
  for (std::int64_t p = first; p <= last; ++p) {
    const Passage passage = passage_of(rays, p);
    float *near = slab.line(p, passage.near), *far = near + slab.stride;
    if (passage.per_row > 1.0 / 0.87) {
      spread_line<1>(rows, count, passage, slab.stride, near, far);
    } else if (passage.per_row > 1.0 / 1.87) {
      spread_line<2>(rows, count, passage, slab.stride, near, far);
    } else if (passage.per_row > 1.0 / 3.87) {
      spread_line<4>(rows, count, passage, slab.stride, near, far);
    } else {
      spread_line<0>(rows, count, passage, slab.stride, near, far);
    }
  }
}

void forward_block(const LineFrame& frame, const float* volume, bool planes_of_a, Block& block) {
  const auto sample = wide_vectors() ? sample_column_wide : sample_column;
  Slab slab(frame, planes_of_a);
  for (std::int64_t n = 0; n < slab.count(); ++n) {
    slab.p0 = n * planes_of_slab;
    for_each_voxel(slab, frame, [&](float& cell, std::int64_t element) { cell = volume[element]; });
    parallel_for(block.count, [&](std::int64_t view) {
      Lines lines(frame, block.rows);
      for (std::int64_t u = 0; u < block.columns; ++u) {
        const ColumnRays& rays = block.column(view, u);
        if (rays.planes_of_a == planes_of_a) sample(rays, slab, block.rows, lines, block.rows_of(view, u));
      }
    });
  }
}

/// Adds the block to the volume.
void adjoint_block(const LineFrame& frame, const Block& block, bool planes_of_a, float* volume) {
  parallel_for(Slab(frame, planes_of_a).count(), [&](std::int64_t n) {
    Slab slab(frame, planes_of_a);
    slab.p0 = n * planes_of_slab;
    for (std::int64_t view = 0; view < block.count; ++view) {
      for (std::int64_t u = 0; u < block.columns; ++u) {
        const ColumnRays& rays = block.column(view, u);
        if (rays.planes_of_a == planes_of_a) spread_column(rays, block.rows_of(view, u), block.rows, slab);
      }
    }
    for_each_voxel(slab, frame, [&](float& cell, std::int64_t element) { volume[element] += cell; });
  });
}

}  // namespace

void forward_columns(const PosedScan& scan, const LineFrame& frame, const ViewChoice& views, const float* volume,
                     float* rays) {
  for_each_block(scan, frame, views, [&](Block& block) {
    for (const bool planes_of_a : {false, true}) {
      if (block.has(planes_of_a)) forward_block(frame, volume, planes_of_a, block);
    }
    parallel_for(block.count, [&](std::int64_t view) {
      block.for_each_ray(view, [&](float& sum, std::int64_t ray, float sample_mm) { rays[ray] = sum * sample_mm; });
    });
  });
}

void adjoint_columns(const PosedScan& scan, const LineFrame& frame, const ViewChoice& views, const float* rays,
                     float* volume) {
  const Index3& shape = frame.shape();
  std::fill(volume, volume + shape[0] * shape[1] * shape[2], 0.0F);
  for_each_block(scan, frame, views, [&](Block& block) {
    parallel_for(block.count, [&](std::int64_t view) {
      block.for_each_ray(view, [&](float& value, std::int64_t ray, float sample_mm) { value = rays[ray] * sample_mm; });
    });
    for (const bool planes_of_a : {false, true}) {
      if (block.has(planes_of_a)) adjoint_block(frame, block, planes_of_a, volume);
    }
  });
}

}  // namespace gdm::ct
