#include "phantom/distance.hpp"

#include <algorithm>
#include <cmath>

#include "sys/parallel.hpp"

namespace gdm::phantom {
namespace {

void along_row(const std::uint8_t* set, std::int64_t ni, float mm, float farthest, float* squared) {
  float steps = 1e9F;
  for (std::int64_t i = 0; i < ni; ++i) {
    steps = set[i] != 0 ? 0 : steps + 1;
    squared[i] = std::min(farthest, steps * steps * mm * mm);
  }
  steps = 1e9F;
  for (std::int64_t i = ni - 1; i >= 0; --i) {
    steps = set[i] != 0 ? 0 : steps + 1;
    squared[i] = std::min(squared[i], steps * steps * mm * mm);
  }
}

/// From the first to behind the last value of a row that holds; none: first = last.
struct Span {
  std::int64_t first = 0, last = 0;
};

template <class Holds>
Span span_of(const float* row, std::int64_t size, const Holds& holds) {
  Span span{0, size};
  while (span.last > 0 && !holds(row[span.last - 1])) --span.last;
  while (span.first < span.last && !holds(row[span.first])) ++span.first;
  return span;
}

/// The least of each row's own values and those of its neighbours among `count` rows of `size` values, `stride` apart,
/// plus the square of the way there. What is 0 already cannot fall, and what is `farthest` lowers nothing.
void across_rows(float* first, std::int64_t count, std::int64_t stride, std::int64_t size, float mm, float farthest,
                 std::vector<float>& copy) {
  copy.resize(static_cast<std::size_t>(count * size));
  std::vector<Span> near(static_cast<std::size_t>(count)), open(near.size());
  for (std::int64_t m = 0; m < count; ++m) {
    const float* row = first + m * stride;
    std::copy(row, row + size, copy.data() + m * size);
    near[static_cast<std::size_t>(m)] = span_of(row, size, [farthest](float value) { return value < farthest; });
    open[static_cast<std::size_t>(m)] = span_of(row, size, [](float value) { return value > 0; });
  }
  const auto reach = static_cast<std::int64_t>(std::sqrt(farthest) / mm);
  for (std::int64_t m = 0; m < count; ++m) {
    float* row = first + m * stride;
    const Span& here = open[static_cast<std::size_t>(m)];
    if (here.first == here.last) continue;
    for (std::int64_t other = std::max<std::int64_t>(0, m - reach); other <= std::min(count - 1, m + reach); ++other) {
      if (other == m) continue;
      const Span& there = near[static_cast<std::size_t>(other)];
      const auto way = static_cast<float>(other - m) * mm;
      const float* from = copy.data() + other * size;
      const std::int64_t last = std::min(here.last, there.last);
      for (std::int64_t n = std::max(here.first, there.first); n < last; ++n) {
        row[n] = std::min(row[n], from[n] + way * way);
      }
    }
  }
}

}  // namespace

Voxels<float> squared_distances(const std::vector<std::uint8_t>& set, const Grid& grid, double reach_mm) {
  const std::int64_t ni = grid.shape_ijk[0], nj = grid.shape_ijk[1], nk = grid.shape_ijk[2];
  const Point3 spacing_mm = grid.spacing_mm();
  const auto farthest = static_cast<float>(reach_mm * reach_mm);
  Voxels<float> squared(set.size());
  parallel_for(nk, [&](std::int64_t k) {
    std::vector<float> copy;
    float* slice = squared.data() + k * ni * nj;
    for (std::int64_t j = 0; j < nj; ++j) {
      along_row(set.data() + (k * nj + j) * ni, ni, static_cast<float>(spacing_mm[0]), farthest, slice + j * ni);
    }
    across_rows(slice, nj, ni, ni, static_cast<float>(spacing_mm[1]), farthest, copy);
  });
  parallel_for(nj, [&](std::int64_t j) {
    std::vector<float> copy;
    across_rows(squared.data() + j * ni, nk, ni * nj, ni, static_cast<float>(spacing_mm[2]), farthest, copy);
  });
  return squared;
}

}  // namespace gdm::phantom
