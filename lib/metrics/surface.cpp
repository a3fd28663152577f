// Exact distances need no volume of distances: along i and j the nearest surface voxel of every voxel of a slice is
// found by lower envelopes and kept as two indices; along k a query walks away from its own slice until no slice can be
// nearer. Queries are the voxels of the other surface alone.
#include "metrics/surface.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "image/grid_match.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

/// Box around the voxels of both segments: first <= (i, j, k) < first + shape.
struct Bounds {
  Index3 first{}, shape{};
  std::size_t voxels() const { return static_cast<std::size_t>(voxel_count(shape)); }
  std::size_t offset(std::int64_t i, std::int64_t j, std::int64_t k) const {
    return static_cast<std::size_t>(i + shape[0] * (j + shape[1] * k));
  }
};

Bounds bounds_of(const Mask& a, const Mask& b) {
  const Index3& shape = a.grid.shape_ijk;
  Index3 low = shape, high{-1, -1, -1};
  for (std::int64_t k = 0; k < shape[2]; ++k) {
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      const std::uint8_t *ra = a.voxels.data() + a.offset(0, j, k), *rb = b.voxels.data() + b.offset(0, j, k);
      std::int64_t first = 0, last = shape[0] - 1;
      while (first <= last && ra[first] == 0 && rb[first] == 0) ++first;
      while (last > first && ra[last] == 0 && rb[last] == 0) --last;
      if (first > last) continue;
      const Index3 from{first, j, k}, to{last, j, k};
      for (std::size_t axis = 0; axis < 3; ++axis) {
        low[axis] = std::min(low[axis], from[axis]);
        high[axis] = std::max(high[axis], to[axis]);
      }
    }
  }
  return {low, {high[0] - low[0] + 1, high[1] - low[1] + 1, high[2] - low[2] + 1}};
}

/// What lies beyond the image.
enum class Beyond : std::uint8_t { outside = 0, as_the_border = 1 };

/// 1 where a voxel of the segment has a face neighbour outside it.
std::vector<std::uint8_t> surface_of(const Mask& mask, const Bounds& box, Beyond beyond) {
  std::vector<std::uint8_t> surface(box.voxels());
  const Index3& shape = mask.grid.shape_ijk;
  const bool past = beyond == Beyond::as_the_border;
  const std::vector<std::uint8_t> no_row(static_cast<std::size_t>(shape[0]), past ? 1 : 0);
  const auto row = [&](std::int64_t j, std::int64_t k) {
    const bool inside = j >= 0 && j < shape[1] && k >= 0 && k < shape[2];
    return inside ? mask.voxels.data() + mask.offset(0, j, k) : no_row.data();
  };
  parallel_for(box.shape[2], [&](std::int64_t bk) {
    for (std::int64_t bj = 0; bj < box.shape[1]; ++bj) {
      const std::int64_t j = bj + box.first[1], k = bk + box.first[2];
      const std::uint8_t *here = row(j, k), *up = row(j - 1, k), *down = row(j + 1, k), *below = row(j, k - 1),
                         *above = row(j, k + 1);
      std::uint8_t* out = surface.data() + box.offset(0, bj, bk);
      for (std::int64_t bi = 0; bi < box.shape[0]; ++bi) {
        const std::int64_t i = bi + box.first[0];
        const bool left = i > 0 ? here[i - 1] != 0 : past, right = i + 1 < shape[0] ? here[i + 1] != 0 : past;
        const bool buried = left && right && up[i] != 0 && down[i] != 0 && below[i] != 0 && above[i] != 0;
        out[bi] = here[i] != 0 && !buried ? 1 : 0;
      }
    }
  });
  return surface;
}

/// The surface voxel nearest within the same slice, in indices of the box; i < 0: the slice has none.
struct Nearest {
  std::int16_t i = -1, j = -1;
};

/// Nearest surface voxels of one slice.
class SliceSearch {
 public:
  SliceSearch(const Bounds& box, const Point3& spacing_mm)
      : ni_(box.shape[0]), nj_(box.shape[1]), si2_(spacing_mm[0] * spacing_mm[0]), sj2_(spacing_mm[1] * spacing_mm[1]) {
    in_row_.resize(static_cast<std::size_t>(ni_ * nj_));
    rows_.reserve(static_cast<std::size_t>(nj_));
    vertices_.resize(static_cast<std::size_t>(nj_));
  }

  void run(const std::uint8_t* surface, Nearest* nearest) {
    rows_.clear();
    for (std::int64_t j = 0; j < nj_; ++j) {
      if (search_row(surface + j * ni_, in_row_.data() + j * ni_)) rows_.push_back(j);
    }
    if (rows_.empty()) {
      std::fill(nearest, nearest + ni_ * nj_, Nearest{});
      return;
    }
    for (std::int64_t i = 0; i < ni_; ++i) search_column(i, nearest);
  }

 private:
  struct Vertex {
    std::int64_t j = 0;
    double height = 0;  ///< squared distance along i
    double from = 0;    ///< this parabola is the lowest from here on
    std::int16_t i = 0;
  };

  /// Nearest surface voxel of the row for each of its voxels; false if it has none.
  bool search_row(const std::uint8_t* surface, std::int16_t* nearest) const {
    std::int64_t last = -1;
    for (std::int64_t i = 0; i < ni_; ++i) {
      if (surface[i] != 0) last = i;
      nearest[i] = static_cast<std::int16_t>(last);
    }
    if (last < 0) return false;
    for (std::int64_t i = ni_ - 1, next = -1; i >= 0; --i) {
      if (surface[i] != 0) next = i;
      if (next >= 0 && (nearest[i] < 0 || next - i < i - nearest[i])) nearest[i] = static_cast<std::int16_t>(next);
    }
    return true;
  }

  void search_column(std::int64_t i, Nearest* nearest) {
    std::int64_t top = -1;
    for (const std::int64_t j : rows_) {
      const std::int16_t at = in_row_[static_cast<std::size_t>(j * ni_ + i)];
      const double di = static_cast<double>(at - i), height = si2_ * di * di;
      double from = -std::numeric_limits<double>::infinity();
      for (; top >= 0; --top) {
        const Vertex& v = vertices_[static_cast<std::size_t>(top)];
        const double dj = static_cast<double>(j - v.j), middle = 0.5 * static_cast<double>(j + v.j);
        from = middle + (height - v.height) / (2.0 * sj2_ * dj);
        if (from > v.from) break;
      }
      if (top < 0) from = -std::numeric_limits<double>::infinity();
      vertices_[static_cast<std::size_t>(++top)] = {j, height, from, at};
    }
    std::int64_t v = 0;
    for (std::int64_t j = 0; j < nj_; ++j) {
      while (v < top && vertices_[static_cast<std::size_t>(v + 1)].from < static_cast<double>(j)) ++v;
      const Vertex& lowest = vertices_[static_cast<std::size_t>(v)];
      nearest[j * ni_ + i] = {lowest.i, static_cast<std::int16_t>(lowest.j)};
    }
  }

  const std::int64_t ni_, nj_;
  const double si2_, sj2_;
  std::vector<std::int16_t> in_row_;
  std::vector<std::int64_t> rows_;  ///< that have a surface voxel
  std::vector<Vertex> vertices_;
};

/// The surface voxel nearest within the same slice, for every voxel of the box.
void search_slices(const std::vector<std::uint8_t>& surface, const Bounds& box, const Point3& spacing_mm,
                   std::vector<Nearest>& nearest) {
  const std::int64_t plane = box.shape[0] * box.shape[1];
  nearest.resize(box.voxels());
  const std::int64_t blocks = std::min<std::int64_t>(box.shape[2], 4 * thread_count());
  parallel_for(blocks, [&](std::int64_t b) {
    SliceSearch search(box, spacing_mm);
    for (std::int64_t k = b; k < box.shape[2]; k += blocks) {
      search.run(surface.data() + k * plane, nearest.data() + k * plane);
    }
  });
}

/// Distances to the surface that search_slices() has searched.
class SurfaceQuery {
 public:
  SurfaceQuery(const std::vector<Nearest>& nearest, const Bounds& box, const Point3& spacing_mm)
      : nearest_(nearest),
        ni_(box.shape[0]),
        nk_(box.shape[2]),
        plane_(box.shape[0] * box.shape[1]),
        si2_(spacing_mm[0] * spacing_mm[0]),
        sj2_(spacing_mm[1] * spacing_mm[1]),
        sk2_(spacing_mm[2] * spacing_mm[2]) {}

  /// Squared distance from voxel `at` of slice k, or `farthest` where that is smaller.
  double squared_mm(std::int64_t k, std::int64_t at, double farthest) const {
    const std::int64_t i = at % ni_, j = at / ni_;
    double best = farthest;
    const auto look = [&](std::int64_t other, double along_k) {
      const Nearest& n = nearest_[static_cast<std::size_t>(other * plane_ + at)];
      if (n.i < 0) return;
      const double di = static_cast<double>(n.i - i), dj = static_cast<double>(n.j - j);
      best = std::min(best, si2_ * di * di + sj2_ * dj * dj + along_k);
    };
    for (std::int64_t d = 0; d < nk_; ++d) {
      const double along_k = sk2_ * static_cast<double>(d * d);
      if (along_k >= best) break;
      if (k - d >= 0) look(k - d, along_k);
      if (d > 0 && k + d < nk_) look(k + d, along_k);
    }
    return best;
  }

 private:
  const std::vector<Nearest>& nearest_;
  const std::int64_t ni_, nk_, plane_;
  const double si2_, sj2_, sk2_;
};

/// Directed distances from the first surface to the second, in order of memory.
std::vector<double> directed_mm(const std::vector<std::uint8_t>& from, const std::vector<std::uint8_t>& to,
                                const Bounds& box, const Point3& spacing_mm, std::vector<Nearest>& nearest) {
  search_slices(to, box, spacing_mm, nearest);
  const SurfaceQuery query(nearest, box, spacing_mm);
  const std::int64_t plane = box.shape[0] * box.shape[1];
  std::vector<std::vector<double>> slices(static_cast<std::size_t>(box.shape[2]));
  parallel_for(box.shape[2], [&](std::int64_t k) {
    const std::uint8_t* queries = from.data() + k * plane;
    for (std::int64_t at = 0; at < plane; ++at) {
      if (queries[at] == 0) continue;
      const double squared = query.squared_mm(k, at, std::numeric_limits<double>::infinity());
      slices[static_cast<std::size_t>(k)].push_back(std::sqrt(squared));
    }
  });
  std::vector<double> all;
  for (const std::vector<double>& slice : slices) all.insert(all.end(), slice.begin(), slice.end());
  return all;
}

/// Type 7, as numpy.percentile.
double percentile95(std::vector<double>& values) {
  const double position = 0.95 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::ptrdiff_t>(position);
  std::nth_element(values.begin(), values.begin() + below, values.end());
  const double low = values[static_cast<std::size_t>(below)];
  if (static_cast<std::size_t>(below) + 1 == values.size()) return low;
  const double high = *std::min_element(values.begin() + below + 1, values.end());
  return low + (position - static_cast<double>(below)) * (high - low);
}

double sum_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum;
}

bool is_empty(const Mask& mask) {
  return std::all_of(mask.voxels.begin(), mask.voxels.end(), [](std::uint8_t v) { return v == 0; });
}

}  // namespace

std::optional<SurfaceDistances> surface_distances(const Mask& a, const Mask& b) {
  require_same_grid(a.grid, "one segment", b.grid, "the other");
  if (is_empty(a) || is_empty(b)) return std::nullopt;
  const Bounds box = bounds_of(a, b);
  const Point3 spacing_mm = a.grid.spacing_mm();
  const std::vector<std::uint8_t> surface_a = surface_of(a, box, Beyond::outside),
                                  surface_b = surface_of(b, box, Beyond::outside);
  std::vector<Nearest> nearest;
  std::vector<double> ab = directed_mm(surface_a, surface_b, box, spacing_mm, nearest);
  std::vector<double> ba = directed_mm(surface_b, surface_a, box, spacing_mm, nearest);
  SurfaceDistances result;
  result.assd_mm = (sum_of(ab) + sum_of(ba)) / static_cast<double>(ab.size() + ba.size());
  result.hd_mm = std::max(*std::max_element(ab.begin(), ab.end()), *std::max_element(ba.begin(), ba.end()));
  result.hd95_mm = std::max(percentile95(ab), percentile95(ba));
  return result;
}

Mask near_surface(const Mask& mask, double distance_mm) {
  Mask near(mask.grid, 0);
  if (is_empty(mask)) return near;
  const Bounds box = bounds_of(mask, mask);
  const Point3 spacing_mm = mask.grid.spacing_mm();
  std::vector<Nearest> nearest;
  search_slices(surface_of(mask, box, Beyond::as_the_border), box, spacing_mm, nearest);
  const SurfaceQuery query(nearest, box, spacing_mm);
  constexpr double rounding_mm = 1e-3;  // spacings are read as float32
  const double reach = distance_mm + rounding_mm, farthest = reach * reach;
  parallel_for(box.shape[2], [&](std::int64_t bk) {
    const std::int64_t k = bk + box.first[2];
    for (std::int64_t bj = 0; bj < box.shape[1]; ++bj) {
      for (std::int64_t bi = 0; bi < box.shape[0]; ++bi) {
        const std::size_t at = mask.offset(bi + box.first[0], bj + box.first[1], k);
        if (mask.voxels[at] == 0) continue;
        near.voxels[at] = query.squared_mm(bk, bi + box.shape[0] * bj, farthest) < farthest ? 1 : 0;
      }
    }
  });
  return near;
}

}  // namespace gdm::metrics
