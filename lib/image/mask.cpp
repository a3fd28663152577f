// Body masks by runs: a CT slice has a few runs per row, so connected components and holes are found by uniting runs
// instead of visiting voxels.
#include "image/mask.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "image/orientation.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm {
namespace {

struct Run {
  std::int64_t first, last;  ///< inclusive range along i
};

/// Row r holds runs[start[r]] .. runs[start[r + 1] - 1], ordered along i.
struct RunTable {
  std::vector<Run> runs;
  std::vector<std::size_t> start{0};
};

/// Runs of the voxels for which inside(offset) holds, in `rows` consecutive rows of `ni` voxels.
template <class Inside>
RunTable find_runs(std::int64_t ni, std::int64_t rows, const Inside& inside) {
  RunTable table;
  table.start.reserve(static_cast<std::size_t>(rows) + 1);
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::size_t row = static_cast<std::size_t>(r * ni);
    for (std::int64_t i = 0; i < ni;) {
      while (i < ni && !inside(row + static_cast<std::size_t>(i))) ++i;
      if (i == ni) break;
      const std::int64_t first = i;
      while (i < ni && inside(row + static_cast<std::size_t>(i))) ++i;
      table.runs.push_back({first, i - 1});
    }
    table.start.push_back(table.runs.size());
  }
  return table;
}

/// Disjoint sets of runs; the root is the earliest run of its set.
class Forest {
 public:
  explicit Forest(std::size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), std::size_t{0}); }
  std::size_t root(std::size_t a) {
    while (parent_[a] != a) a = parent_[a] = parent_[parent_[a]];
    return a;
  }
  void unite(std::size_t a, std::size_t b) {
    a = root(a);
    b = root(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<std::size_t> parent_;
};

/// Unites the runs of two rows that share a value of i (face neighbours).
void unite_rows(const RunTable& table, std::size_t row_a, std::size_t row_b, Forest& forest) {
  std::size_t a = table.start[row_a], b = table.start[row_b];
  while (a < table.start[row_a + 1] && b < table.start[row_b + 1]) {
    const Run& ra = table.runs[a];
    const Run& rb = table.runs[b];
    if (ra.first <= rb.last && rb.first <= ra.last) forest.unite(a, b);
    (ra.last < rb.last ? a : b) += 1;
  }
}

/// Marks the largest face-connected component of the runs; of equal ones the first.
void mark_largest(const RunTable& table, const Index3& shape, std::uint8_t* voxels) {
  const std::size_t nj = static_cast<std::size_t>(shape[1]), rows = nj * static_cast<std::size_t>(shape[2]);
  Forest forest(table.runs.size());
  for (std::size_t r = 0; r < rows; ++r) {
    if (r % nj > 0) unite_rows(table, r - 1, r, forest);
    if (r >= nj) unite_rows(table, r - nj, r, forest);
  }
  std::vector<std::int64_t> size(table.runs.size(), 0);
  for (std::size_t n = 0; n < size.size(); ++n) {
    size[forest.root(n)] += table.runs[n].last - table.runs[n].first + 1;
  }
  const std::size_t best = static_cast<std::size_t>(std::max_element(size.begin(), size.end()) - size.begin());
  for (std::size_t r = 0; r < rows; ++r) {
    std::uint8_t* row = voxels + static_cast<std::int64_t>(r) * shape[0];
    for (std::size_t n = table.start[r]; n < table.start[r + 1]; ++n) {
      if (forest.root(n) == best) std::fill(row + table.runs[n].first, row + table.runs[n].last + 1, std::uint8_t{1});
    }
  }
}

/// Sets the zeros of one slice that no 4-connected path of zeros joins to the slice's border.
void fill_holes(std::int64_t ni, std::int64_t nj, std::uint8_t* slice) {
  const RunTable zeros = find_runs(ni, nj, [slice](std::size_t n) { return slice[n] == 0; });
  const std::size_t rows = static_cast<std::size_t>(nj);
  Forest forest(zeros.runs.size());
  for (std::size_t r = 1; r < rows; ++r) unite_rows(zeros, r - 1, r, forest);
  std::vector<bool> open(zeros.runs.size(), false);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t n = zeros.start[r]; n < zeros.start[r + 1]; ++n) {
      const Run& run = zeros.runs[n];
      if (r == 0 || r + 1 == rows || run.first == 0 || run.last == ni - 1) open[forest.root(n)] = true;
    }
  }
  for (std::size_t r = 0; r < rows; ++r) {
    std::uint8_t* row = slice + static_cast<std::int64_t>(r) * ni;
    for (std::size_t n = zeros.start[r]; n < zeros.start[r + 1]; ++n) {
      const Run& run = zeros.runs[n];
      if (!open[forest.root(n)]) std::fill(row + run.first, row + run.last + 1, std::uint8_t{1});
    }
  }
}

/// The largest component of the voxels inside, without holes in its k slices; nothing if there is none.
void keep_body(Mask& mask) {
  const auto [ni, nj, nk] = mask.grid.shape_ijk;
  std::uint8_t* voxels = mask.voxels.data();
  const RunTable table = find_runs(ni, nj * nk, [voxels](std::size_t n) { return voxels[n] != 0; });
  if (table.runs.empty()) return;
  std::fill(mask.voxels.begin(), mask.voxels.end(), std::uint8_t{0});
  mark_largest(table, mask.grid.shape_ijk, voxels);
  const std::int64_t columns = ni, rows = nj;
  parallel_for(nk, [=](std::int64_t k) { fill_holes(columns, rows, voxels + k * columns * rows); });
}

Mask above(const Volume& ct_hu, float threshold_hu) {
  Mask mask(ct_hu.grid, 0);
  std::transform(ct_hu.voxels.begin(), ct_hu.voxels.end(), mask.voxels.begin(),
                 [threshold_hu](float hu) { return static_cast<std::uint8_t>(hu > threshold_hu); });
  return mask;
}

/// Values of a histogram of `bins` between the least value and the 99th percentile, those above in the last bin.
struct Histogram {
  double low = 0, width = 0;  ///< of the first bin's lower edge, and of a bin
  std::vector<double> count;

  explicit Histogram(const Volume& image, std::size_t bins = 256) : count(bins, 0.0) {
    std::vector<double> finite;
    for (const float v : image.voxels) {
      if (std::isfinite(v)) finite.push_back(static_cast<double>(v));
    }
    if (finite.empty()) return;
    const auto top = finite.begin() + static_cast<std::ptrdiff_t>(0.99 * static_cast<double>(finite.size() - 1));
    std::nth_element(finite.begin(), top, finite.end());
    low = *std::min_element(finite.begin(), finite.end());
    width = (*top - low) / static_cast<double>(bins);
    if (!(width > 0)) return;
    for (const double v : finite) {
      const auto bin = static_cast<std::size_t>((v - low) / width);
      count[std::min(bin, bins - 1)] += 1;
    }
  }
};

/// Half the way from the mean below Otsu's threshold, which parts the histogram into the two classes with the largest
/// variance between them, to that threshold; infinite if there is one value alone.
double air_threshold(const Histogram& histogram) {
  double all = 0, sum = 0;
  for (std::size_t b = 0; b < histogram.count.size(); ++b) {
    all += histogram.count[b];
    sum += static_cast<double>(b) * histogram.count[b];
  }
  double below = 0, sum_below = 0, best = 0, threshold = std::numeric_limits<double>::infinity();
  for (std::size_t b = 0; b + 1 < histogram.count.size(); ++b) {
    below += histogram.count[b];
    sum_below += static_cast<double>(b) * histogram.count[b];
    if (below == 0 || below == all) continue;
    const double apart = sum_below / below - (sum - sum_below) / (all - below);
    const double between = below * (all - below) * apart * apart;
    if (between <= best) continue;
    best = between;
    const double mean = sum_below / below + 0.5, edge = static_cast<double>(b) + 1;
    threshold = histogram.low + histogram.width * 0.5 * (mean + edge);
  }
  return threshold;
}

/// Voxels along i to the nearest one of the row that is `value` (0 or 1); `none` if there is none.
void distances_along_row(const std::uint8_t* row, std::int64_t ni, std::uint8_t value, std::int32_t none,
                         std::int32_t* to) {
  std::int32_t distance = none;
  for (std::int64_t i = 0; i < ni; ++i) to[i] = distance = row[i] == value ? 0 : std::min(none, distance + 1);
  distance = none;
  for (std::int64_t i = ni - 1; i >= 0; --i) {
    distance = row[i] == value ? 0 : std::min(none, distance + 1);
    to[i] = std::min(to[i], distance);
  }
}

/// 1 where no voxel of the k slice that is `value` lies within `reach_mm`, by the distance of centres.
Mask farther_than(const Mask& mask, std::uint8_t value, double reach_mm) {
  const auto [ni, nj, nk] = mask.grid.shape_ijk;
  const Point3 spacing = mask.grid.spacing_mm();
  const auto none = static_cast<std::int32_t>(std::min<double>(1e6, reach_mm / spacing[0] + 1));
  const auto rows = static_cast<std::int64_t>(reach_mm / spacing[1]);
  // For each distance in rows, how near along the row a voxel has to be.
  std::vector<std::int32_t> within;
  for (std::int64_t r = 0; r <= rows; ++r) {
    const double left = reach_mm * reach_mm - std::pow(static_cast<double>(r) * spacing[1], 2);
    within.push_back(static_cast<std::int32_t>(std::sqrt(std::max(0.0, left)) / spacing[0]));
  }
  Mask result(mask.grid, 1);
  const std::int64_t columns = ni, height = nj;
  parallel_for(nk, [&, columns, height](std::int64_t k) {
    const std::size_t first = mask.offset(0, 0, k);
    std::vector<std::int32_t> along(static_cast<std::size_t>(columns * height));
    for (std::int64_t j = 0; j < height; ++j) {
      distances_along_row(mask.voxels.data() + first + j * columns, columns, value, none, along.data() + j * columns);
    }
    for (std::int64_t j = 0; j < height; ++j) {
      std::uint8_t* to = result.voxels.data() + first + j * columns;
      for (std::int64_t other = std::max<std::int64_t>(0, j - rows); other <= std::min(height - 1, j + rows); ++other) {
        const std::int32_t near = within[static_cast<std::size_t>(std::abs(other - j))];
        const std::int32_t* from = along.data() + other * columns;
        for (std::int64_t i = 0; i < columns; ++i) to[i] &= static_cast<std::uint8_t>(from[i] > near);
      }
    }
  });
  return result;
}

}  // namespace

Mask largest_filled(Mask mask) {
  const Grid grid = mask.grid;
  const bool turn = grid.orientation() != standard_orientation;
  const AxisMap map = axis_map(grid, standard_orientation);
  if (turn) mask = reoriented(mask, map);
  keep_body(mask);
  if (turn) mask = reoriented(mask, inverse(map));
  mask.grid = grid;  // the same but for rounding
  return mask;
}

Mask body_mask_from_ct(const Volume& ct_hu, float threshold_hu) {
  return largest_filled(above(ct_hu, threshold_hu));
}

Mask body_mask_beside_table(const Volume& ct_hu, float threshold_hu, double thinnest_mm) {
  const AxisMap map = axis_map(ct_hu.grid, standard_orientation);
  const Mask tissue = reoriented(above(ct_hu, threshold_hu), map);
  const Mask core = largest_filled(farther_than(tissue, 0, thinnest_mm));
  // What is within reach of the core is the patient again, as far as it is tissue that joins it: the walls of sinuses
  // are thin and lie behind air, while a table that nearly touches is no part of the largest component.
  constexpr double reach = 3;
  Mask body = farther_than(core, 1, reach * thinnest_mm);
  for (std::size_t n = 0; n < body.voxels.size(); ++n) {
    body.voxels[n] = static_cast<std::uint8_t>(body.voxels[n] == 0 && (tissue.voxels[n] != 0 || core.voxels[n] != 0));
  }
  body = reoriented(largest_filled(std::move(body)), inverse(map));
  body.grid = ct_hu.grid;
  return body;
}

Mask body_mask_from_image(const Volume& image, double thinnest_mm) {
  return body_mask_beside_table(image, static_cast<float>(air_threshold(Histogram(image))), thinnest_mm);
}

Mask widened(const Mask& mask, double reach_mm) {
  Mask result = farther_than(mask, 1, reach_mm);
  for (std::uint8_t& v : result.voxels) v = static_cast<std::uint8_t>(v == 0);
  return result;
}

std::int64_t count_inside(const Mask& mask) {
  return std::count_if(mask.voxels.begin(), mask.voxels.end(), [](std::uint8_t v) { return v != 0; });
}

Volume with_outside(Volume volume, const Mask& mask, float value) {
  if (volume.grid.shape_ijk != mask.grid.shape_ijk) {
    throw Error(fmt::format("the mask has {}, the volume {}", describe(mask.grid), describe(volume.grid)));
  }
  for (std::size_t n = 0; n < mask.voxels.size(); ++n) {
    if (mask.voxels[n] == 0) volume.voxels[n] = value;
  }
  return volume;
}

}  // namespace gdm
