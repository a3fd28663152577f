// Precision, recall, density and coverage of two sets of rows.
#include "metrics/manifold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "metrics/manifold_distance.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

void check_neighbours(int neighbours) {
  if (neighbours < 1) throw Error(fmt::format("{} nearest neighbours, expected at least 1", neighbours));
}

void check_sets(const FeatureMatrix& targets, const FeatureMatrix& predictions, int neighbours) {
  check_neighbours(neighbours);
  const std::int64_t rows = std::min(targets.rows(), predictions.rows());
  if (rows <= neighbours) {
    throw Error(
        fmt::format("{} nearest neighbours need more feature vectors than that in each set, there are {} and {}",
                    neighbours, targets.rows(), predictions.rows()));
  }
  check_features("manifold", targets, targets.dims);
  check_features("manifold", predictions, targets.dims);
}

/// Squared radius of every row's ball.
std::vector<float> radii_of(const FeatureMatrix& features, int neighbours) {
  std::vector<float> radii(static_cast<std::size_t>(features.rows()));
  parallel_for(features.rows(), [&](std::int64_t i) {
    std::vector<float> nearest(static_cast<std::size_t>(neighbours), infinite_distance);
    for (std::int64_t j = 0; j < features.rows(); ++j) {
      if (j != i) keep_smallest(squared_distance(features, i, features, j), nearest.data(), neighbours);
    }
    radii[static_cast<std::size_t>(i)] = nearest.back();
  });
  return radii;
}

/// What a target row contributes.
struct TargetRow {
  std::int64_t predictions_inside = 0;  ///< of its ball
  bool recalled = false;
};

}  // namespace

ManifoldMetrics manifold_metrics(const FeatureMatrix& targets, const FeatureMatrix& predictions, int neighbours) {
  check_sets(targets, predictions, neighbours);
  const std::vector<float> target_radii = radii_of(targets, neighbours);
  const std::vector<float> prediction_radii = radii_of(predictions, neighbours);
  std::vector<TargetRow> rows(static_cast<std::size_t>(targets.rows()));
  std::vector<std::atomic<bool>> precise(static_cast<std::size_t>(predictions.rows()));
  parallel_for(targets.rows(), [&](std::int64_t i) {
    const std::size_t at = static_cast<std::size_t>(i);
    for (std::size_t j = 0; j < precise.size(); ++j) {
      const float distance = squared_distance(targets, i, predictions, static_cast<std::int64_t>(j));
      rows[at].recalled = rows[at].recalled || distance <= prediction_radii[j];
      if (distance > target_radii[at]) continue;
      ++rows[at].predictions_inside;
      precise[j].store(true, std::memory_order_relaxed);
    }
  });
  const double n = static_cast<double>(targets.rows()), m = static_cast<double>(predictions.rows());
  std::int64_t inside = 0, recalled = 0, covered = 0, precise_rows = 0;
  for (const TargetRow& row : rows) {
    inside += row.predictions_inside;
    recalled += static_cast<std::int64_t>(row.recalled);
    covered += static_cast<std::int64_t>(row.predictions_inside > 0);
  }
  for (const auto& flag : precise) precise_rows += static_cast<std::int64_t>(flag.load());
  return {static_cast<double>(precise_rows) / m, static_cast<double>(recalled) / n,
          static_cast<double>(inside) / (neighbours * m), static_cast<double>(covered) / n};
}

}  // namespace gdm::metrics
