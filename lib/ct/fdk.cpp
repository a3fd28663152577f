// Back-projection. Voxels are taken in tiles of 16 x 16 lines along c, small enough to stay in the cache while all
// views of a block pass over them; a line is computed at once where the detector's rows run along it.
#include "ct/fdk.hpp"

#include <algorithm>
#include <cmath>

#include "ct/fdk_views.hpp"
#include "ct/sixteen.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"
#include "sys/stopwatch.hpp"

namespace gdm::ct {
namespace {

constexpr std::int64_t tile_edge = 16;

/// How one line of a tile is seen by a view: between columns `near` and `near` + 1, and c at row first + c per_c.
struct LineSight {
  const float *near, *far;
  float near_weight, far_weight;
  double first, per_c;
  float steps[sixteen];  ///< of the voxels that are computed together from the first of them: two fours, or sixteen
};

constexpr std::int64_t line_margin = 48;    ///< zeros around a blended line, for the voxels that are not seen
constexpr std::int64_t views_together = 4;  ///< that are added to a line before it is written

/// A line of voxels in some views: blended columns side by side, each with zeros around it, and for each half of eight
/// voxels (or for sixteen of them, all the same) the row at which its first one is seen.
struct Sights {
  LineSight views[views_together];
  std::int64_t count = 0, rows, apart, halves;
  float* lines;
  std::int32_t* cells;
  float* shares;

  double widest() const {
    double per_c = 0;
    for (std::int64_t n = 0; n < count; ++n) per_c = std::max(per_c, views[n].per_c);
    return per_c;
  }
  float* line(std::int64_t n) const { return lines + n * apart + line_margin; }
};

/// Adds to eight voxels what one view shows of them; `registers` of eight rows hold all that four voxels see.
template <int registers>
GDM_INLINE void add_eight(const float* line, const std::int32_t* cells, const float* shares, const Eight& steps,
                          Eight& sum) {
  const Eight low_share = steps + shares[0], high_share = steps + shares[1];
  Eight position, whole, loaded, low, high, a, b, other;
  EightInts index;
  join_halves(low_share, high_share, position);
  truncate(position, index);
  to_float(index, whole);
  for (int r = 0; r < registers; ++r) {
    const float *first = line + cells[0] + r * eight, *second = line + cells[1] + r * eight;
    load(first, loaded);
    permute(loaded, index, low);
    load(second, loaded);
    permute(loaded, index, high);
    join_halves(low, high, other);
    a = r == 0 ? other : index >= static_cast<std::int32_t>(r * eight) ? other : a;
    load(first + 1, loaded);
    permute(loaded, index, low);
    load(second + 1, loaded);
    permute(loaded, index, high);
    join_halves(low, high, other);
    b = r == 0 ? other : index >= static_cast<std::int32_t>(r * eight) ? other : b;
  }
  sum += a + (position - whole) * (b - a);
}

template <int registers>
GDM_INLINE void add_line(Sights& sights, std::int64_t length, float* voxels) {
  for (std::int64_t n = 0; n < sights.count; ++n) {
    LineSight& view = sights.views[n];
    for (int lane = 0; lane < 8; ++lane) view.steps[lane] = static_cast<float>(lane % 4 * view.per_c);
    cells_of(view.first, 4.0 * view.per_c, sights.halves, -8.0 * registers - 1.0, static_cast<double>(sights.rows + 1),
             sights.cells + n * sights.halves, sights.shares + n * sights.halves);
  }
  for (std::int64_t c = 0; c < length; c += eight) {
    Eight sum;
    load(voxels + c, sum);
    for (std::int64_t n = 0; n < sights.count; ++n) {
      const std::int64_t half = n * sights.halves + c / 4;
      Eight step;
      load(sights.views[n].steps, step);
      add_eight<registers>(sights.line(n), sights.cells + half, sights.shares + half, step, sum);
    }
    store(sum, voxels + c);
  }
}

/// The same for any distance between rows.
GDM_INLINE void add_voxels(const Sights& sights, std::int64_t length, float* voxels) {
  for (std::int64_t n = 0; n < sights.count; ++n) {
    const LineSight& view = sights.views[n];
    for (std::int64_t c = 0; c < length; ++c) {
      const double at = view.first + static_cast<double>(c) * view.per_c;
      const double inside = std::min(std::max(at + 1.0, 0.0), static_cast<double>(sights.rows) + 1.0);
      const auto cell = static_cast<std::int64_t>(inside);
      const float* from = sights.line(n) + cell - 1;
      voxels[c] += from[0] + static_cast<float>(inside - static_cast<double>(cell)) * (from[1] - from[0]);
    }
  }
}

GDM_INLINE void add_narrow(Sights& sights, std::int64_t length, float* voxels) {
  const double widest = sights.widest();
  if (widest < 2.3) {  // three of them and a share of one lie within eight rows
    add_line<1>(sights, length, voxels);
  } else if (widest < 4.9) {
    add_line<2>(sights, length, voxels);
  } else {
    add_voxels(sights, length, voxels);
  }
}

/// Lines that are blended before the first of them is read: the processor reads slowly what it has just written.
constexpr std::int64_t lines_together = 4;

template <class Vector>
GDM_INLINE void blend(const LineSight& view, std::int64_t rows, float* line) {
  constexpr std::int64_t together = sizeof(Vector) / sizeof(float);
  for (std::int64_t v = 0; v < rows; v += together) {  // into the margin, where columns have zeros too
    Vector near, far;
    load(view.near + v, near);
    load(view.far + v, far);
    store(view.near_weight * near + view.far_weight * far, line + v);
  }
}

GDM_CLONES void add_sights(Sights* lines, std::int64_t count, std::int64_t length, float* const* voxels) {
  for (std::int64_t m = 0; m < count; ++m) {
    for (std::int64_t n = 0; n < lines[m].count; ++n) {
      blend<Eight>(lines[m].views[n], lines[m].rows, lines[m].line(n));
    }
  }
  for (std::int64_t m = 0; m < count; ++m) add_narrow(lines[m], length, voxels[m]);
}

/// `registers` of sixteen rows hold all that sixteen voxels see.
template <int registers>
GDM_INLINE void add_line_wide(Sights& sights, std::int64_t length, float* voxels) {
  for (std::int64_t n = 0; n < sights.count; ++n) {
    LineSight& view = sights.views[n];
    store(counted_sixteen * static_cast<float>(view.per_c), view.steps);
    cells_of(view.first, static_cast<double>(sixteen) * view.per_c, sights.halves / 4, -16.0 * registers - 1.0,
             static_cast<double>(sights.rows + 1), sights.cells + n * sights.halves, sights.shares + n * sights.halves);
  }
  for (std::int64_t c = 0; c < length; c += sixteen) {
    Sixteen sum;
    load(voxels + c, sum);
    for (std::int64_t n = 0; n < sights.count; ++n) {
      const std::int64_t at = n * sights.halves + c / sixteen;
      Sixteen steps;
      load(sights.views[n].steps, steps);
      add_sixteen<registers>(sights.line(n) + sights.cells[at], sights.shares[at], steps, sum);
    }
    store(sum, voxels + c);
  }
}

/// Where `length` is in whole sixteens.
GDM_WIDE void add_sights_wide(Sights* lines, std::int64_t count, std::int64_t length, float* const* voxels) {
  for (std::int64_t m = 0; m < count; ++m) {
    for (std::int64_t n = 0; n < lines[m].count; ++n) {
      blend<Sixteen>(lines[m].views[n], lines[m].rows, lines[m].line(n));
    }
  }
  for (std::int64_t m = 0; m < count; ++m) {
    const double widest = lines[m].widest();
    if (widest < widest_sixteen<1>) {
      add_line_wide<1>(lines[m], length, voxels[m]);
    } else if (widest < widest_sixteen<2>) {
      add_line_wide<2>(lines[m], length, voxels[m]);
    } else {
      add_narrow(lines[m], length, voxels[m]);
    }
  }
}

/// Lines a0 .. a0 + 15, b0 .. b0 + 15 of the volume, an odd number of cache lines apart: the same place of all of them
/// is read together.
struct Tile {
  std::int64_t a0, b0, na, nb, length, stride;
  std::vector<float> voxels;

  Tile(const LineFrame& frame, std::int64_t a, std::int64_t b)
      : a0(a),
        b0(b),
        na(std::min(tile_edge, frame.shape()[0] - a)),
        nb(std::min(tile_edge, frame.shape()[1] - b)),
        length((frame.shape()[2] + sixteen - 1) / sixteen * sixteen),
        stride((length / sixteen | 1) * sixteen),
        voxels(static_cast<std::size_t>(na * nb * stride)) {}
  float* line(std::int64_t a, std::int64_t b) { return voxels.data() + (b * na + a) * stride; }
  /// Into the volume where `first`, else adds to it: nobody has to fill it with zeros before.
  void write(const LineFrame& frame, bool first, Volume& volume) {
    for (std::int64_t c = 0; c < frame.shape()[2]; ++c) {
      for (std::int64_t b = 0; b < nb; ++b) {
        for (std::int64_t a = 0; a < na; ++a) {
          float& voxel = volume.voxels[static_cast<std::size_t>(frame.offset(a0 + a, b0 + b, c))];
          voxel = (first ? 0.0F : voxel) + line(a, b)[c];
        }
      }
    }
  }
};

void add_sight(const ViewMap& map, const FilteredViews& views, std::int64_t n, double a, double b, Sights& sights) {
  const Sight sight = map.sight(a, b, 0);
  if (!(sight.u > -1.0 && sight.u < static_cast<double>(views.columns))) return;
  const auto cell = static_cast<std::int64_t>(sight.u + 1.0);
  const double share = sight.u + 1.0 - static_cast<double>(cell);
  LineSight& line = sights.views[sights.count++];
  line.near = views.column(n, cell - 1);
  line.far = views.column(n, cell);
  line.near_weight = static_cast<float>(sight.weight * (1 - share));
  line.far_weight = static_cast<float>(sight.weight * share);
  line.first = sight.v;
  line.per_c = map.rows_per_c(a, b);
}

/// Of one thread.
struct Scratch {
  std::int64_t apart, halves;
  CacheLines lines;
  std::vector<float> shares;
  std::vector<std::int32_t> cells;

  Scratch(const FilteredViews& views, std::int64_t length)
      : apart(views.stride + 2 * line_margin),
        halves((length / 4 + 15) / 16 * 16),
        lines(lines_together * views_together * apart),
        shares(static_cast<std::size_t>(views_together * halves)),
        cells(shares.size()) {}
  Sights sights(const FilteredViews& views, std::int64_t number) {
    Sights made;
    made.rows = views.rows;
    made.apart = apart;
    made.halves = halves;
    made.lines = lines.data() + number * views_together * apart;
    made.cells = cells.data();
    made.shares = shares.data();
    return made;
  }
};

/// Adds views n0 .. n1 - 1, few enough for one pass. Lines that follow one another lie along the rays as far as they
/// can: they are seen by the same columns, which are in the nearest cache then.
void add_views_by_lines(const std::vector<ViewMap>& maps, const FilteredViews& views, std::int64_t n0, std::int64_t n1,
                        Scratch& scratch, Tile& tile) {
  const auto add = wide_vectors() ? add_sights_wide : add_sights;
  const bool along_b = maps[static_cast<std::size_t>(n0)].looks_along_b();
  const std::int64_t inner = along_b ? tile.nb : tile.na, outer = along_b ? tile.na : tile.nb;
  Sights sights[lines_together];
  float* voxels[lines_together];
  for (std::int64_t m = 0; m < lines_together; ++m) sights[m] = scratch.sights(views, m);
  for (std::int64_t y = 0; y < outer; ++y) {
    for (std::int64_t x = 0; x < inner; x += lines_together) {
      const std::int64_t count = std::min(lines_together, inner - x);
      for (std::int64_t m = 0; m < count; ++m) {
        const std::int64_t a = along_b ? y : x + m, b = along_b ? x + m : y;
        sights[m].count = 0;
        voxels[m] = tile.line(a, b);
        for (std::int64_t n = n0; n < n1; ++n) {
          add_sight(maps[static_cast<std::size_t>(n)], views, n, static_cast<double>(tile.a0 + a),
                    static_cast<double>(tile.b0 + b), sights[m]);
        }
      }
      add(sights, count, tile.length, voxels);
    }
  }
}

/// For detectors that are turned against the volume.
void add_view_by_points(const ViewMap& map, const FilteredViews& views, std::int64_t n, std::int64_t length,
                        Tile& tile) {
  const auto columns = static_cast<double>(views.columns), rows = static_cast<double>(views.rows);
  for (std::int64_t b = 0; b < tile.nb; ++b) {
    for (std::int64_t a = 0; a < tile.na; ++a) {
      float* line = tile.line(a, b);
      const auto x = static_cast<double>(tile.a0 + a), y = static_cast<double>(tile.b0 + b);
      for (std::int64_t c = 0; c < length; ++c) {
        const Sight sight = map.sight(x, y, static_cast<double>(c));
        if (!(sight.u > -1.0 && sight.u < columns && sight.v > -1.0 && sight.v < rows)) continue;
        const auto cell = static_cast<std::int64_t>(sight.u + 1.0), row = static_cast<std::int64_t>(sight.v + 1.0);
        const auto f = static_cast<float>(sight.u + 1.0 - static_cast<double>(cell));
        const auto g = static_cast<float>(sight.v + 1.0 - static_cast<double>(row));
        const float *near = views.column(n, cell - 1) + row - 1, *far = views.column(n, cell) + row - 1;
        const float low = near[0] + f * (far[0] - near[0]), high = near[1] + f * (far[1] - near[1]);
        line[c] += static_cast<float>(sight.weight) * (low + g * (high - low));
      }
    }
  }
}

/// Views of which the first is that of the scan overwrite the volume, others are added.
void back_project(const PosedScan& scan, const LineFrame& frame, bool by_lines, const FilteredViews& views,
                  Volume& volume) {
  std::vector<ViewMap> maps;
  for (std::int64_t n = 0; n < views.count; ++n) maps.emplace_back(scan, frame, views.first + n);
  const std::int64_t across = (frame.shape()[0] + tile_edge - 1) / tile_edge, length = frame.shape()[2];
  parallel_for(across * ((frame.shape()[1] + tile_edge - 1) / tile_edge), [&](std::int64_t number) {
    Tile tile(frame, number % across * tile_edge, number / across * tile_edge);
    Scratch scratch(views, tile.length);
    for (std::int64_t n = 0; n < views.count; n += views_together) {
      const std::int64_t end = std::min(views.count, n + views_together);
      if (by_lines) {
        add_views_by_lines(maps, views, n, end, scratch, tile);
      } else {
        for (std::int64_t m = n; m < end; ++m) {
          add_view_by_points(maps[static_cast<std::size_t>(m)], views, m, length, tile);
        }
      }
    }
    tile.write(frame, views.first == 0, volume);
  });
}

}  // namespace

namespace {

void require_orthogonal(const Grid& grid) {
  if (!grid.is_orthogonal()) throw Error("filtered back-projection needs orthogonal axes, and this grid is sheared");
}

}  // namespace

void check_fdk(const Geometry& geometry, const Grid& grid) {
  require_orthogonal(grid);
  RayShares(PosedScan(geometry, centre_of(grid)));
}

Volume fdk(const Geometry& geometry, const float* rays, const Grid& grid, const FdkOptions& options, FdkTimes* times) {
  require_orthogonal(grid);
  const PosedScan measured(geometry, centre_of(grid));
  const RayShares shares(measured);
  const PosedScan scan = upright(measured, shares.lacking());
  const std::optional<LineFrame> along_rows = frame_along_rows(scan, grid);
  const LineFrame frame = along_rows ? *along_rows : stored_frame(grid);
  constexpr std::int64_t floats_at_once = std::int64_t{8} << 20;
  const std::int64_t at_once =
      std::min(scan.view_count(), std::max<std::int64_t>(2, floats_at_once / scan.geometry().rays_per_view()));
  FilteredViews views(scan.geometry(), at_once);
  Volume volume;
  volume.grid = grid;
  volume.voxels.resize(static_cast<std::size_t>(grid.voxels()));
  FdkTimes spent;
  for (std::int64_t first = 0; first < scan.view_count(); first += at_once) {
    const Stopwatch filtering;
    filter_views(scan, geometry, shares, rays, RampFilter(options.window, options.cutoff), first,
                 std::min(at_once, scan.view_count() - first), views);
    spent.filter_s += filtering.seconds();
    const Stopwatch back_projecting;
    back_project(scan, frame, along_rows.has_value(), views, volume);
    spent.back_projection_s += back_projecting.seconds();
  }
  if (shares.of_helix()) {
    divide_by_seen(scan, frame, shares.arcs_rad(), options.outside_per_mm, volume);
  } else if (options.outside_per_mm) {
    fill_outside(scan, frame, *options.outside_per_mm, volume);
  }
  if (times != nullptr) *times = spent;
  return volume;
}

}  // namespace gdm::ct
