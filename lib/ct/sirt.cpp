// SIRT, and OS-SART as SIRT of one subset of the views after the other.
#include <cmath>
#include <limits>

#include "ct/iteration.hpp"

namespace gdm::ct {
namespace {

/// R of all rays: weights by row sums, 0 for rays that miss the volume.
std::vector<float> scaled_weights(const Iteration& run) {
  const std::vector<float> ones(static_cast<std::size_t>(run.voxels()), 1.0F);
  std::vector<float> rows(static_cast<std::size_t>(run.projector.ray_count()));
  run.projector.forward(ones.data(), rows.data());
  const float least = 1e-6F * *std::max_element(rows.begin(), rows.end());
  for (std::size_t m = 0; m < rows.size(); ++m) rows[m] = rows[m] > least ? run.weights[m] / rows[m] : 0.0F;
  return rows;
}

/// C of a subset, 0 for voxels that none of its rays meets.
std::vector<float> per_column(const Iteration& run, std::int64_t first, std::int64_t step) {
  std::vector<float> columns(static_cast<std::size_t>(run.voxels()));
  run.projector.adjoint_views(first, step, run.weights, columns.data());
  const float least = 1e-6F * *std::max_element(columns.begin(), columns.end());
  for (float& sum : columns) sum = sum > least ? 1.0F / sum : 0.0F;
  return columns;
}

struct Squares {
  double residual = 0.0, objective = 0.0;  // |A x - b|^2 in the norm of w and in that of R
};

/// The residual b - A x of a subset, scaled by R, in `rays`; zeros for the other rays.
Squares scaled_residual(const Iteration& run, const std::vector<float>& rows, std::int64_t first, std::int64_t step,
                        std::vector<float>& rays) {
  std::fill(rays.begin(), rays.end(), std::numeric_limits<float>::quiet_NaN());  // tells which rays are written
  run.projector.forward_views(first, step, run.x, rays.data());
  Squares squares;
  squares.objective = sum_blocks(run.projector.ray_count(), [&](std::int64_t from, std::int64_t to) {
    double sum = 0;
    for (auto m = static_cast<std::size_t>(from); m < static_cast<std::size_t>(to); ++m) {
      const float residual = std::isnan(rays[m]) ? 0.0F : run.rays[m] - rays[m];
      rays[m] = rows[m] * residual;
      sum += static_cast<double>(rays[m]) * static_cast<double>(residual);
    }
    return sum;
  });
  squares.residual = sum_blocks(run.projector.ray_count(), [&](std::int64_t from, std::int64_t to) {
    double sum = 0;
    for (auto m = static_cast<std::size_t>(from); m < static_cast<std::size_t>(to); ++m) {
      if (rows[m] > 0)
        sum += std::pow(static_cast<double>(rays[m]) / static_cast<double>(rows[m]), 2) *
               static_cast<double>(run.weights[m]);
    }
    return sum;
  });
  return squares;
}

/// x += C * step, clipped; |change|^2.
double add_step(const Iteration& run, const std::vector<float>& columns, const std::vector<float>& step) {
  const float lowest = run.options.non_negative ? 0.0F : -HUGE_VALF;
  return sum_blocks(run.voxels(), [&](std::int64_t from, std::int64_t to) {
    double sum = 0;
    for (auto n = static_cast<std::size_t>(from); n < static_cast<std::size_t>(to); ++n) {
      const float value = std::max(lowest, run.x[n] + columns[n] * step[n]);
      const auto change = static_cast<double>(value - run.x[n]);
      sum += change * change;
      run.x[n] = value;
    }
    return sum;
  });
}

}  // namespace

void run_sirt(Iteration& run) {
  const std::int64_t step = run.options.method == Method::sirt ? 1 : run.options.subsets;
  const std::vector<float> rows = scaled_weights(run);
  std::vector<std::vector<float>> columns;
  for (std::int64_t s = 0; s < step; ++s) columns.push_back(per_column(run, s, step));
  std::vector<float> rays(static_cast<std::size_t>(run.projector.ray_count()));
  std::vector<float> back(static_cast<std::size_t>(run.voxels()));
  double moved = 0, norm = 0;
  for (std::int64_t iteration = 0;; ++iteration) {
    Squares squares;
    double moving = 0;
    for (std::int64_t turn = 0; turn < step; ++turn) {
      const std::int64_t s = subset_at(turn, step);
      const Squares part = scaled_residual(run, rows, s, step, rays);
      squares.residual += part.residual;
      squares.objective += part.objective;
      // What was measured before this step is the residual of the iteration before.
      if (step == 1 && iteration > 0 && run.record(std::sqrt(squares.residual), 0.5 * squares.objective, moved, norm)) {
        return;
      }
      run.projector.adjoint_views(s, step, rays.data(), back.data());
      moving += add_step(run, columns[static_cast<std::size_t>(s)], back);
    }
    moved = moving;
    norm = weighted_dot(run.voxels(), nullptr, run.x, run.x);
    if (step > 1 && run.record(std::sqrt(squares.residual), 0.5 * squares.objective, moved, norm)) return;
  }
}

}  // namespace gdm::ct
