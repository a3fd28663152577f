// The transpose of ct/cone_sample.cpp: each voxel gathers the rows that pass within a voxel of it, so that nothing is
// scattered, and the sum is shared out between the two lines.
#include <algorithm>
#include <cmath>

#include "ct/cone_slab.hpp"

namespace gdm::ct {
namespace {

/// Adds to eight voxels of a line, from c on, each one's sum over the rows that pass within a voxel of it. `registers`
/// of eight rows hold all of those, so 1 / per_row is at most registers - 1/8.
template <int registers>
GDM_INLINE void spread_eight(const float* rows, std::int64_t count, const Passage& passage, std::int64_t c,
                             Eight& sum) {
  const double apart = 1.0 / passage.per_row;
  const double start = (static_cast<double>(c - 1) - passage.passed) * apart;  // the row that would pass at c - 1
  const double highest = static_cast<double>(count), lowest = 2.0 - static_cast<double>(rows_margin);
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

/// The same for sixteen voxels. `registers` of sixteen rows hold all that pass, at 1 / per_row up to widest_sixteen.
template <int registers>
GDM_INLINE void spread_sixteen(const float* rows, std::int64_t count, const Passage& passage, std::int64_t c,
                               const Sixteen& steps, Sixteen& sum) {
  const double apart = 1.0 / passage.per_row;
  const double start = (static_cast<double>(c - 1) - passage.passed) * apart;  // the row that would pass at c - 1
  const double highest = static_cast<double>(count), lowest = 2.0 - static_cast<double>(rows_margin);
  if (!(start < highest) || !(start > lowest)) return;
  const double base = std::floor(start);
  const Sixteen position = steps + static_cast<float>(start - base);
  SixteenInts index;
  Sixteen whole;
  const Sixteen nothing = {};
  truncate(position, index);
  to_float(index, whole);
  const auto per_row = static_cast<float>(passage.per_row);
  Sixteen from_voxel = per_row * (1.0F - (position - whole)) - 1.0F;  // of the next row that passes above c - 1
  const float* at = rows + static_cast<std::int64_t>(base) + 1;
  const auto terms = static_cast<std::int64_t>(std::ceil(2.0 * apart));
  for (std::int64_t m = 0; m < terms; ++m) {
    Sixteen value, distance = from_voxel, weight;
    Cells<registers>(at + m).pick(index, value);
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

/// Voxels of a line that the rows of a column reach, the first of them a multiple of `together`.
struct Reach {
  std::int64_t begin, end;

  GDM_INLINE Reach(const Passage& passage, std::int64_t count, std::int64_t length, std::int64_t together) {
    const double top = passage.passed + static_cast<double>(count - 1) * passage.per_row;
    const auto bounded = [&](double c) { return std::min(std::max(c, 0.0), static_cast<double>(length)); };
    begin = static_cast<std::int64_t>(bounded(passage.passed - 1.0)) / together * together;
    end = static_cast<std::int64_t>(bounded(std::ceil(top + 1.0)));
  }
};

/// Shares a sum out between two lines.
template <class Vector>
GDM_INLINE void share_out(const Vector& sum, float share, float* near, float* far) {
  Vector value;
  load(near, value);
  value += (1.0F - share) * sum;
  store(value, near);
  load(far, value);
  value += share * sum;
  store(value, far);
}

template <int registers>
GDM_INLINE void spread_line(const float* rows, std::int64_t count, const Passage& passage, std::int64_t length,
                            float* near, float* far) {
  const Reach reach(passage, count, length, eight);
  for (std::int64_t c = reach.begin; c < reach.end; c += eight) {
    Eight sum = {};
    if (registers > 0) {
      spread_eight<(registers > 0 ? registers : 1)>(rows, count, passage, c, sum);
    } else {
      for (int n = 0; n < 8; ++n) sum[n] = spread_one(rows, count, passage, c + n);
    }
    share_out(sum, passage.share, near + c, far + c);
  }
}

GDM_INLINE void spread_narrow(const float* rows, std::int64_t count, const Passage& passage, std::int64_t length,
                              float* near, float* far) {
  if (passage.per_row > 1.0 / 0.87) {
    spread_line<1>(rows, count, passage, length, near, far);
  } else if (passage.per_row > 1.0 / 1.87) {
    spread_line<2>(rows, count, passage, length, near, far);
  } else if (passage.per_row > 1.0 / 3.87) {
    spread_line<4>(rows, count, passage, length, near, far);
  } else {
    spread_line<0>(rows, count, passage, length, near, far);
  }
}

GDM_CLONES void spread_column(const ColumnRays& rays, const float* rows, std::int64_t count, Slab& slab) {
  const std::int64_t last = std::min(rays.last, slab.p0 + planes_of_slab - 1);
  for (std::int64_t p = std::max(rays.first, slab.p0); p <= last; ++p) {
    const Passage passage = passage_of(rays, p);
    float* near = slab.line(p, passage.near);
    spread_narrow(rows, count, passage, slab.stride, near, near + slab.stride);
  }
}

template <int registers>
GDM_INLINE void spread_line_wide(const float* rows, std::int64_t count, const Passage& passage, std::int64_t length,
                                 float* near, float* far) {
  const Reach reach(passage, count, length, sixteen);
  const Sixteen steps = counted_sixteen * static_cast<float>(1.0 / passage.per_row);
  for (std::int64_t c = reach.begin; c < reach.end; c += sixteen) {
    Sixteen sum = {};
    spread_sixteen<registers>(rows, count, passage, c, steps, sum);
    share_out(sum, passage.share, near + c, far + c);
  }
}

GDM_WIDE void spread_column_wide(const ColumnRays& rays, const float* rows, std::int64_t count, Slab& slab) {
  const std::int64_t last = std::min(rays.last, slab.p0 + planes_of_slab - 1);
  for (std::int64_t p = std::max(rays.first, slab.p0); p <= last; ++p) {
    const Passage passage = passage_of(rays, p);
    float *near = slab.line(p, passage.near), *far = near + slab.stride;
    if (1.0 / passage.per_row < widest_sixteen<1>) {
      spread_line_wide<1>(rows, count, passage, slab.stride, near, far);
    } else if (1.0 / passage.per_row < widest_sixteen<2>) {
      spread_line_wide<2>(rows, count, passage, slab.stride, near, far);
    } else {
      spread_narrow(rows, count, passage, slab.stride, near, far);
    }
  }
}

}  // namespace

Spreader column_spreader() {
  return wide_vectors() ? spread_column_wide : spread_column;
}

}  // namespace gdm::ct
