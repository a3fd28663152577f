#include "ct/total_variation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ct/iteration.hpp"
#include "sys/clones.hpp"

namespace gdm::ct {
namespace {

/// The rows of one axis' dual and of the neighbours before and behind.
struct Neighbours {
  const float* row;
  const float* column;
  const float* plane;
};

GDM_CLONES void aim_row(std::int64_t n, const float* __restrict z, const float* __restrict inverse_metric,
                        float* __restrict gradient) {
  for (std::int64_t e = 0; e < n; ++e) gradient[e] = z[e] - inverse_metric[e] * gradient[e];
}

/// out = max(lowest, target - scale * M^-1 D^T y). `here` are the duals of the voxels, `before` those one step back.
template <bool with_planes>
GDM_INLINE void descend_row(std::int64_t n, const TvLattice& lattice, float strength, float lowest,
                            const float* __restrict target, const float* __restrict inverse_metric,
                            const Neighbours& here, const Neighbours& before, float* __restrict out) {
  const float along_row = strength * lattice.row_weight, along_column = strength * lattice.column_weight;
  const float along_plane = strength * lattice.plane_weight;
  for (std::int64_t e = 0; e < n; ++e) {
    float adjoint = along_row * (before.row[e] - here.row[e]) + along_column * (before.column[e] - here.column[e]);
    if constexpr (with_planes) adjoint += along_plane * (before.plane[e] - here.plane[e]);
    const float value = target[e] - inverse_metric[e] * adjoint;
    out[e] = value > lowest ? value : lowest;
  }
}

GDM_CLONES void descend_row_2d(std::int64_t n, const TvLattice& lattice, float strength, float lowest,
                               const float* target, const float* inverse_metric, const Neighbours& here,
                               const Neighbours& before, float* out) {
  descend_row<false>(n, lattice, strength, lowest, target, inverse_metric, here, before, out);
}
GDM_CLONES void descend_row_3d(std::int64_t n, const TvLattice& lattice, float strength, float lowest,
                               const float* target, const float* inverse_metric, const Neighbours& here,
                               const Neighbours& before, float* out) {
  descend_row<true>(n, lattice, strength, lowest, target, inverse_metric, here, before, out);
}

/// y <- projection of (y + s D x) / (1 + s h); `ahead` are the voxels one step on.
template <bool with_planes>
GDM_INLINE void ascend_row(std::int64_t n, const TvLattice& lattice, float huber, const float* __restrict x,
                           const Neighbours& ahead, const float* __restrict dual_step, float* __restrict along_row,
                           float* __restrict along_column, float* __restrict along_plane) {
  for (std::int64_t e = 0; e < n; ++e) {
    const float s = dual_step[e];
    const float row = along_row[e] + s * lattice.row_weight * (ahead.row[e] - x[e]);
    const float column = along_column[e] + s * lattice.column_weight * (ahead.column[e] - x[e]);
    float plane = 0.0F, square = row * row + column * column;
    if constexpr (with_planes) {
      plane = along_plane[e] + s * lattice.plane_weight * (ahead.plane[e] - x[e]);
      square += plane * plane;
    }
    const float grown = 1.0F + s * huber;
    const float norm = __builtin_sqrtf(square);
    const float scale = 1.0F / (norm > grown ? norm : grown);
    along_row[e] = row * scale;
    along_column[e] = column * scale;
    if constexpr (with_planes) along_plane[e] = plane * scale;
  }
}

GDM_CLONES void ascend_row_2d(std::int64_t n, const TvLattice& lattice, float huber, const float* x,
                              const Neighbours& ahead, const float* dual_step, float* along_row, float* along_column) {
  ascend_row<false>(n, lattice, huber, x, ahead, dual_step, along_row, along_column, nullptr);
}
GDM_CLONES void ascend_row_3d(std::int64_t n, const TvLattice& lattice, float huber, const float* x,
                              const Neighbours& ahead, const float* dual_step, float* along_row, float* along_column,
                              float* along_plane) {
  ascend_row<true>(n, lattice, huber, x, ahead, dual_step, along_row, along_column, along_plane);
}

/// x <- next, z <- next + momentum (next - x); adds |next - x|^2 and |next|^2.
GDM_CLONES void move_row(std::int64_t n, float momentum, const float* __restrict next, float* __restrict x,
                         float* __restrict z, TotalVariation::Move& move) {
  // Sums of their own for each lane of a vector: one sum would be added up in order, value after value.
  constexpr std::int64_t lanes = 16;
  float change[lanes] = {}, norm[lanes] = {};
  const auto add = [&](std::int64_t e, std::int64_t lane) __attribute__((always_inline)) {
    const float difference = next[e] - x[e];
    x[e] = next[e];
    z[e] = next[e] + momentum * difference;
    change[lane] += difference * difference;
    norm[lane] += next[e] * next[e];
  };
  std::int64_t e = 0;
  for (; e + lanes <= n; e += lanes) {
    for (std::int64_t lane = 0; lane < lanes; ++lane) add(e + lane, lane);
  }
  for (; e < n; ++e) add(e, 0);
  for (std::int64_t lane = 0; lane < lanes; ++lane) {
    move.change += static_cast<double>(change[lane]);
    move.norm += static_cast<double>(norm[lane]);
  }
}

/// The sum of phi(|D x|); with huber = 0 no value lies below it.
template <bool with_planes>
GDM_INLINE double value_row(std::int64_t n, const TvLattice& lattice, float huber, const float* __restrict x,
                            const Neighbours& ahead) {
  constexpr std::int64_t lanes = 16;
  float sums[lanes] = {};
  const float steep = 0.5F * huber, flat = huber > 0 ? 0.5F / huber : 0.0F;
  const auto add = [&](std::int64_t e, std::int64_t lane) __attribute__((always_inline)) {
    const float row = lattice.row_weight * (ahead.row[e] - x[e]);
    const float column = lattice.column_weight * (ahead.column[e] - x[e]);
    float square = row * row + column * column;
    if constexpr (with_planes) {
      const float plane = lattice.plane_weight * (ahead.plane[e] - x[e]);
      square += plane * plane;
    }
    const float norm = __builtin_sqrtf(square);
    sums[lane] += norm < huber ? flat * square : norm - steep;
  };
  std::int64_t e = 0;
  for (; e + lanes <= n; e += lanes) {
    for (std::int64_t lane = 0; lane < lanes; ++lane) add(e + lane, lane);
  }
  for (; e < n; ++e) add(e, 0);
  double sum = 0;
  for (const float part : sums) sum += static_cast<double>(part);
  return sum;
}

GDM_CLONES double value_row_2d(std::int64_t n, const TvLattice& lattice, float huber, const float* x,
                               const Neighbours& ahead) {
  return value_row<false>(n, lattice, huber, x, ahead);
}
GDM_CLONES double value_row_3d(std::int64_t n, const TvLattice& lattice, float huber, const float* x,
                               const Neighbours& ahead) {
  return value_row<true>(n, lattice, huber, x, ahead);
}

/// Calls body(first element, row, plane) for each row, in parallel over blocks of rows.
template <class Body>
void for_each_row(const TvLattice& lattice, Body&& body) {
  const std::int64_t rows = lattice.rows * lattice.planes;
  constexpr std::int64_t block = 64;
  parallel_for((rows + block - 1) / block, [&](std::int64_t b) {
    for (std::int64_t r = b * block; r < std::min(rows, (b + 1) * block); ++r) {
      body(r * lattice.length, r % lattice.rows, r / lattice.rows);
    }
  });
}

/// Calls body(from, count, neighbours ahead) for the parts of a row in which neighbours lie alike. A voxel without a
/// neighbour is its own, so that the difference is 0.
template <class Body>
void for_each_part(const TvLattice& lattice, const float* row_at, std::int64_t row, std::int64_t plane, Body&& body) {
  const float* column = row + 1 < lattice.rows ? row_at + lattice.length : row_at;
  const float* deeper = plane + 1 < lattice.planes ? row_at + lattice.plane() : row_at;
  const std::int64_t inner = std::max<std::int64_t>(lattice.length - lattice.step, 0);
  body(0, inner, Neighbours{row_at + lattice.step, column, deeper});
  body(inner, lattice.length - inner, Neighbours{row_at + inner, column + inner, deeper + inner});
}

}  // namespace

TvLattice tv_lattice(const Grid& grid, bool across_slices) {
  const Point3 spacing_mm = grid.spacing_mm();
  const double mean_mm = std::sqrt(spacing_mm[0] * spacing_mm[1]);
  TvLattice lattice;
  lattice.length = grid.shape_ijk[0];
  lattice.rows = grid.shape_ijk[1];
  lattice.planes = grid.shape_ijk[2];
  lattice.row_weight = static_cast<float>(mean_mm / spacing_mm[0]);
  lattice.column_weight = static_cast<float>(mean_mm / spacing_mm[1]);
  lattice.plane_weight = across_slices ? static_cast<float>(mean_mm / spacing_mm[2]) : 0.0F;
  return lattice;
}

TvLattice tv_lattice_of_slab(const Grid& grid) {
  const Point3 spacing_mm = grid.spacing_mm();
  const double mean_mm = std::sqrt(spacing_mm[1] * spacing_mm[2]);
  TvLattice lattice;
  lattice.step = grid.shape_ijk[0];
  lattice.length = grid.shape_ijk[0] * grid.shape_ijk[1];
  lattice.rows = grid.shape_ijk[2];
  lattice.row_weight = static_cast<float>(mean_mm / spacing_mm[1]);
  lattice.column_weight = static_cast<float>(mean_mm / spacing_mm[2]);
  return lattice;
}

TotalVariation::TotalVariation(const TvLattice& lattice, double strength, double huber, float lowest,
                               std::vector<float> metric)
    : lattice_(lattice),
      strength_(static_cast<float>(strength)),
      huber_(static_cast<float>(huber)),
      lowest_(lowest),
      lead_(lattice.plane_weight > 0 ? lattice.plane() : std::max(lattice.length, lattice.step)),
      dual_step_(metric.size()),
      inner_(metric.size()) {
  const auto squared = [](float w) { return w * w; };
  const float weights = squared(lattice.row_weight) + squared(lattice.column_weight) + squared(lattice.plane_weight);
  for_each_row(lattice, [&](std::int64_t first, std::int64_t row, std::int64_t plane) {
    for (std::int64_t e = 0; e < lattice.length; ++e) {
      const float* at = &metric[static_cast<std::size_t>(first + e)];
      float least = *at;
      if (e + lattice.step < lattice.length) least = std::min(least, at[lattice.step]);
      if (row + 1 < lattice.rows) least = std::min(least, at[lattice.length]);
      if (lattice.plane_weight > 0 && plane + 1 < lattice.planes) least = std::min(least, at[lattice.plane()]);
      dual_step_[static_cast<std::size_t>(first + e)] = strength_ > 0 ? least / (4.0F * weights * strength_) : 0.0F;
    }
  });
  for (float& value : metric) value = 1.0F / value;
  inverse_metric_ = std::move(metric);
  const int axes = lattice.plane_weight > 0 ? 3 : 2;
  for (int axis = 0; axis < axes; ++axis) {
    dual_[axis].assign(static_cast<std::size_t>(lead_ + lattice.voxels()), 0.0F);
  }
}

void TotalVariation::descend(const float* target, float* out) {
  const bool with_planes = lattice_.plane_weight > 0;
  for_each_row(lattice_, [&](std::int64_t first, std::int64_t, std::int64_t) {
    const Neighbours here{dual(0) + first, dual(1) + first, with_planes ? dual(2) + first : nullptr};
    const Neighbours before{here.row - lattice_.step, here.column - lattice_.length,
                            with_planes ? here.plane - lattice_.plane() : nullptr};
    (with_planes ? descend_row_3d : descend_row_2d)(lattice_.length, lattice_, strength_, lowest_, target + first,
                                                    &inverse_metric_[static_cast<std::size_t>(first)], here, before,
                                                    out + first);
  });
}

void TotalVariation::ascend(const float* x) {
  for_each_row(lattice_, [&](std::int64_t first, std::int64_t row, std::int64_t plane) {
    for_each_part(lattice_, x + first, row, plane, [&](std::int64_t from, std::int64_t n, const Neighbours& ahead) {
      const std::int64_t at = first + from;
      const float* dual_step = &dual_step_[static_cast<std::size_t>(at)];
      if (lattice_.plane_weight > 0) {
        ascend_row_3d(n, lattice_, huber_, x + at, ahead, dual_step, dual(0) + at, dual(1) + at, dual(2) + at);
      } else {
        ascend_row_2d(n, lattice_, huber_, x + at, ahead, dual_step, dual(0) + at, dual(1) + at);
      }
    });
  });
}

TotalVariation::Move TotalVariation::step(float* gradient, float momentum, float* x, float* z) {
  for_each_row(lattice_, [&](std::int64_t first, std::int64_t, std::int64_t) {
    aim_row(lattice_.length, z + first, &inverse_metric_[static_cast<std::size_t>(first)], gradient + first);
  });
  if (strength_ > 0) {
    descend(gradient, inner_.data());
    ascend(inner_.data());
  }
  descend(gradient, inner_.data());
  std::vector<Move> moves(static_cast<std::size_t>(lattice_.rows * lattice_.planes));
  for_each_row(lattice_, [&](std::int64_t first, std::int64_t row, std::int64_t plane) {
    move_row(lattice_.length, momentum, inner_.data() + first, x + first, z + first,
             moves[static_cast<std::size_t>(row + lattice_.rows * plane)]);
  });
  Move sum;
  for (const Move& move : moves) sum.change += move.change, sum.norm += move.norm;
  return sum;
}

double TotalVariation::value(const float* x) const {
  std::vector<double> sums(static_cast<std::size_t>(lattice_.rows * lattice_.planes));
  for_each_row(lattice_, [&](std::int64_t first, std::int64_t row, std::int64_t plane) {
    for_each_part(lattice_, x + first, row, plane, [&](std::int64_t from, std::int64_t n, const Neighbours& ahead) {
      sums[static_cast<std::size_t>(row + lattice_.rows * plane)] +=
          (lattice_.plane_weight > 0 ? value_row_3d : value_row_2d)(n, lattice_, huber_, x + first + from, ahead);
    });
  });
  return static_cast<double>(strength_) * std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace gdm::ct
