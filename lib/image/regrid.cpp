// Index coordinates advance by a constant step along i, so the affine is applied per row.
#include "image/regrid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "image/votes.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm {
namespace {

constexpr double same_place = 1e-6;  // voxels: what rounding of affines may move
constexpr double same_ratio = 0.01;  // of steps to voxels: what two readings of one spacing may differ by

/// Old voxels along one axis and their weights. Indices beyond the border are those of the border voxel; voxels without
/// weight are left out, as they need not be finite.
struct Taps {
  std::size_t count = 0;
  std::array<std::int64_t, 4> at{};
  std::array<double, 4> weight{};

  void add(std::int64_t index, double share, std::int64_t n) {
    if (share == 0) return;
    at[count] = std::clamp<std::int64_t>(index, 0, n - 1);
    weight[count++] = share;
  }
};

Taps taps_of(double position, std::int64_t n, Interpolation interpolation) {
  const double inside = std::clamp(position, 0.0, static_cast<double>(n - 1));
  const bool whole = std::abs(inside - std::round(inside)) < same_place;
  const double low = whole ? std::round(inside) : std::floor(inside), t = whole ? 0.0 : inside - low;
  const auto index = static_cast<std::int64_t>(low);
  Taps taps;
  if (interpolation == Interpolation::linear || t == 0) {
    taps.add(index, 1 - t, n);
    taps.add(index + 1, t, n);
  } else {
    taps.add(index - 1, t * (-0.5 + t * (1 - 0.5 * t)), n);
    taps.add(index, 1 + t * t * (1.5 * t - 2.5), n);
    taps.add(index + 1, t * (0.5 + t * (2 - 1.5 * t)), n);
    taps.add(index + 2, t * t * (0.5 * t - 0.5), n);
  }
  return taps;
}

double value_at(const Volume& volume, const Point3& index, Interpolation interpolation) {
  const Index3& shape = volume.grid.shape_ijk;
  const Taps i = taps_of(index[0], shape[0], interpolation), j = taps_of(index[1], shape[1], interpolation),
             k = taps_of(index[2], shape[2], interpolation);
  double sum = 0;
  for (std::size_t c = 0; c < k.count; ++c) {
    for (std::size_t b = 0; b < j.count; ++b) {
      double row = 0;
      for (std::size_t a = 0; a < i.count; ++a) {
        row += i.weight[a] * static_cast<double>(volume.at(i.at[a], j.at[b], k.at[c]));
      }
      sum += k.weight[c] * j.weight[b] * row;
    }
  }
  return sum;
}

bool in_field(const Point3& index, const Index3& shape) {
  for (std::size_t a = 0; a < 3; ++a) {  // grids that meet exactly must not lose their border to rounding
    const double end = static_cast<double>(shape[a]) - 0.5 + same_place;
    if (index[a] < -0.5 - same_place || index[a] > end) return false;
  }
  return true;
}

/// The nearest voxel along an axis, or both that are equally near, of half a weight each.
struct Nearest {
  std::size_t count = 1;
  std::array<std::int64_t, 2> at{};

  Nearest(double position, std::int64_t n) {
    const double low = std::floor(position);
    const bool tie = std::abs(position - low - 0.5) < same_place;
    const auto first = static_cast<std::int64_t>(tie ? low : std::round(position));
    at[0] = std::clamp<std::int64_t>(first, 0, n - 1);
    at[1] = std::clamp<std::int64_t>(first + 1, 0, n - 1);
    if (tie) count = 2;
  }
  std::int64_t weight() const { return count == 1 ? 2 : 1; }
};

void vote_at(const Volume& labels, const Point3& index, Votes& votes) {
  const Index3& shape = labels.grid.shape_ijk;
  const Nearest i(index[0], shape[0]), j(index[1], shape[1]), k(index[2], shape[2]);
  const std::int64_t weight = i.weight() * j.weight() * k.weight();
  for (std::size_t c = 0; c < k.count; ++c) {
    for (std::size_t b = 0; b < j.count; ++b) {
      for (std::size_t a = 0; a < i.count; ++a) votes.add(labels.at(i.at[a], j.at[b], k.at[c]), weight);
    }
  }
}

/// Points in a voxel of the new grid as offsets from its centre, in voxels of the old one: points(ratio) along each
/// axis, evenly spread, for an axis whose step is `ratio` old voxels long.
template <class Points>
std::vector<Point3> points_in_voxel(const Grid& old, const Grid& grid, const Points& points) {
  const Point3 zero = old.index_of_ras(grid.ras_of_index({0, 0, 0}));
  std::vector<Point3> all{{0, 0, 0}};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    Point3 unit{};
    unit[axis] = 1;
    Point3 step = old.index_of_ras(grid.ras_of_index(unit));
    for (std::size_t a = 0; a < 3; ++a) step[a] -= zero[a];
    const int n = points(std::hypot(step[0], step[1], step[2]));
    std::vector<Point3> more;
    for (const Point3& point : all) {
      for (int m = 0; m < n; ++m) {
        const double along = (m + 0.5) / n - 0.5;
        more.push_back({point[0] + along * step[0], point[1] + along * step[1], point[2] + along * step[2]});
      }
    }
    all = std::move(more);
  }
  return all;
}

/// value(index) for every voxel of `grid` whose continuous index in `old` lies in the field of `old`; along(j, k) gives
/// the function of i that tells that index.
template <class Along, class Value>
Regridded fill_grid(const Grid& old, const Grid& grid, float fill, const Along& along, const Value& value) {
  Regridded result{Volume(grid, fill), 0};
  const Index3& shape = grid.shape_ijk;
  std::vector<std::int64_t> outside(static_cast<std::size_t>(shape[2]));
  parallel_for(shape[2], [&](std::int64_t k) {
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      const auto index_at = along(j, k);
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        const Point3 index = index_at(i);
        if (in_field(index, old.shape_ijk)) {
          result.volume.at(i, j, k) = value(index);
        } else {
          ++outside[static_cast<std::size_t>(k)];
        }
      }
    }
  });
  for (const std::int64_t n : outside) result.outside += n;
  return result;
}

Point3 ras_of_voxel(const Grid& grid, std::int64_t i, std::int64_t j, std::int64_t k) {
  return grid.ras_of_index({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)});
}

/// Voxels at their own positions.
auto along_rows(const Grid& old, const Grid& grid) {
  return [&old, &grid](std::int64_t j, std::int64_t k) {
    const std::int64_t n = grid.shape_ijk[0];
    const Point3 first = old.index_of_ras(ras_of_voxel(grid, 0, j, k)),
                 last = old.index_of_ras(ras_of_voxel(grid, n - 1, j, k));
    return [first, last, steps = static_cast<double>(std::max<std::int64_t>(1, n - 1))](std::int64_t i) {
      const double t = static_cast<double>(i) / steps;
      Point3 index{};
      for (std::size_t a = 0; a < 3; ++a) index[a] = first[a] + t * (last[a] - first[a]);
      return index;
    };
  };
}

/// Voxels where a displacement sends them.
auto displaced(const Grid& old, const Displacement& displacement) {
  return [&old, &displacement](std::int64_t j, std::int64_t k) {
    return [&old, &displacement, j, k](std::int64_t i) {
      const Grid& grid = displacement.grid;
      Point3 ras = ras_of_voxel(grid, i, j, k);
      const float* const by =
          &displacement.ras_mm[3 * static_cast<std::size_t>(i + grid.shape_ijk[0] * (j + grid.shape_ijk[1] * k))];
      for (std::size_t a = 0; a < 3; ++a) ras[a] += static_cast<double>(by[a]);
      return old.index_of_ras(ras);
    };
  };
}

Point3 moved(const Point3& index, const Point3& by) {
  return {index[0] + by[0], index[1] + by[1], index[2] + by[2]};
}

/// What bounded values are kept between.
struct Bounds {
  float least = -std::numeric_limits<float>::infinity(), largest = std::numeric_limits<float>::infinity();

  float operator()(double value) const { return std::clamp(static_cast<float>(value), least, largest); }
};

Bounds bounds_of(const Volume& volume) {
  Bounds bounds;
  std::swap(bounds.least, bounds.largest);
  for (const float v : volume.voxels) {
    if (!std::isfinite(v)) continue;
    bounds.least = std::min(bounds.least, v);
    bounds.largest = std::max(bounds.largest, v);
  }
  return bounds.least <= bounds.largest ? bounds : Bounds();
}

template <class Along>
Regridded regrid_along(const Volume& volume, const Grid& grid, float fill, const RegridOptions& options,
                       const Along& along) {
  const std::vector<Point3> points = points_in_voxel(volume.grid, grid, [&](double ratio) {
    return options.average ? std::max(1, static_cast<int>(std::ceil(ratio - same_ratio))) : 1;
  });
  const Bounds bounded = options.bounded ? bounds_of(volume) : Bounds();
  return fill_grid(volume.grid, grid, fill, along, [&](const Point3& index) {
    if (points.size() == 1) return bounded(value_at(volume, index, options.interpolation));
    double sum = 0, count = 0;
    for (const Point3& point : points) {
      const Point3 at = moved(index, point);
      if (!in_field(at, volume.grid.shape_ijk)) continue;
      sum += value_at(volume, at, options.interpolation);
      count += 1;
    }
    return bounded(count > 0 ? sum / count : value_at(volume, index, options.interpolation));
  });
}

template <class Along>
Regridded regrid_labels_along(const Volume& labels, const Grid& grid, float fill, const Along& along) {
  // Twice as many points as for images: at whole ratios none of them lies between two voxels.
  const std::vector<Point3> points = points_in_voxel(labels.grid, grid, [](double ratio) {
    return ratio > 1 + same_ratio ? 2 * static_cast<int>(std::ceil(ratio - same_ratio)) : 1;
  });
  return fill_grid(labels.grid, grid, fill, along, [&](const Point3& index) {
    thread_local Votes votes;
    votes.clear();
    for (const Point3& point : points) {
      const Point3 at = moved(index, point);
      if (in_field(at, labels.grid.shape_ijk)) vote_at(labels, at, votes);
    }
    if (votes.empty()) vote_at(labels, index, votes);
    return votes.winner();
  });
}

}  // namespace

Regridded regrid(const Volume& volume, const Grid& grid, float fill, const RegridOptions& options) {
  return regrid_along(volume, grid, fill, options, along_rows(volume.grid, grid));
}

Regridded regrid(const Volume& volume, const Displacement& displacement, float fill, const RegridOptions& options) {
  return regrid_along(volume, displacement.grid, fill, options, displaced(volume.grid, displacement));
}

Regridded regrid_labels(const Volume& labels, const Grid& grid, float fill) {
  return regrid_labels_along(labels, grid, fill, along_rows(labels.grid, grid));
}

Regridded regrid_labels(const Volume& labels, const Displacement& displacement, float fill) {
  return regrid_labels_along(labels, displacement.grid, fill, displaced(labels.grid, displacement));
}

float least_finite(const Volume& volume) {
  float least = std::numeric_limits<float>::infinity();
  for (const float v : volume.voxels) {
    if (std::isfinite(v)) least = std::min(least, v);
  }
  return std::isfinite(least) ? least : 0.0F;
}

Grid respaced(const Grid& grid, const Point3& spacing_mm) {
  constexpr double negligible_voxels = 0.01;
  const Point3 old_mm = grid.spacing_mm();
  Grid result = grid;
  Point3 first{};  // index in `grid` of the new grid's first voxel
  for (std::size_t a = 0; a < 3; ++a) {
    const double voxels = static_cast<double>(grid.shape_ijk[a]) * old_mm[a] / spacing_mm[a];
    if (!(voxels < 32767)) {
      throw Error(fmt::format("a spacing of {:g} mm makes {:.0f} voxels along axis {}, expected at most 32767",
                              spacing_mm[a], voxels, a + 1),
                  Exit::usage);
    }
    const double n = std::max(1.0, std::ceil(voxels - negligible_voxels));
    result.shape_ijk[a] = static_cast<std::int64_t>(n);
    const double ratio = spacing_mm[a] / old_mm[a];
    first[a] = 0.5 * (static_cast<double>(grid.shape_ijk[a]) - 1) - 0.5 * (n - 1) * ratio;
    for (std::size_t r = 0; r < 3; ++r) result.ijk_to_ras_mm[r][a] *= ratio;
  }
  const Point3 origin = grid.ras_of_index(first);
  for (std::size_t r = 0; r < 3; ++r) result.ijk_to_ras_mm[r][3] = origin[r];
  return result;
}

}  // namespace gdm
