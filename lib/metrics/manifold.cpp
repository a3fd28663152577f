// Distances are computed directly, not from a matrix product: those of equal rows must be exactly 0, and those of a
// pair the same in both directions, or rows on the boundary of a ball would fall in or out by rounding.
#include "metrics/manifold.hpp"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <atomic>
#include <limits>

#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

using Row = Eigen::Map<const Eigen::VectorXf>;
constexpr float infinite = std::numeric_limits<float>::infinity();

Row row_of(const net::FeatureMatrix& features, std::int64_t r) {
  return {features.values.data() + r * features.dims, features.dims};
}

/// The k smallest values seen, in ascending order; `list` holds k numbers that start at infinity.
void keep_smallest(float value, float* list, int k) {
  if (value >= list[k - 1]) return;
  int at = k - 1;
  for (; at > 0 && list[at - 1] > value; --at) list[at] = list[at - 1];
  list[at] = value;
}

void check_neighbours(int neighbours) {
  if (neighbours < 1) throw Error(fmt::format("{} nearest neighbours, expected at least 1", neighbours));
}

void check_sets(const net::FeatureMatrix& targets, const net::FeatureMatrix& predictions, int neighbours) {
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
std::vector<float> radii_of(const net::FeatureMatrix& features, int neighbours) {
  std::vector<float> radii(static_cast<std::size_t>(features.rows()));
  parallel_for(features.rows(), [&](std::int64_t i) {
    std::vector<float> nearest(static_cast<std::size_t>(neighbours), infinite);
    const Row row = row_of(features, i);
    for (std::int64_t j = 0; j < features.rows(); ++j) {
      if (j != i) keep_smallest((row - row_of(features, j)).squaredNorm(), nearest.data(), neighbours);
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

ManifoldMetrics manifold_metrics(const net::FeatureMatrix& targets, const net::FeatureMatrix& predictions,
                                 int neighbours) {
  check_sets(targets, predictions, neighbours);
  const std::vector<float> target_radii = radii_of(targets, neighbours);
  const std::vector<float> prediction_radii = radii_of(predictions, neighbours);
  std::vector<TargetRow> rows(static_cast<std::size_t>(targets.rows()));
  std::vector<std::atomic<bool>> precise(static_cast<std::size_t>(predictions.rows()));
  parallel_for(targets.rows(), [&](std::int64_t i) {
    const Row row = row_of(targets, i);
    const std::size_t at = static_cast<std::size_t>(i);
    for (std::size_t j = 0; j < precise.size(); ++j) {
      const float distance = (row - row_of(predictions, static_cast<std::int64_t>(j))).squaredNorm();
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

namespace {

/// For each target row (patient after patient) and each patient the k smallest squared distances to his rows.
class PatientNeighbours {
 public:
  PatientNeighbours(const PatientFeatures& queries, const PatientFeatures& others, int k, bool same_set)
      : patients_(others.size()), k_(static_cast<std::size_t>(k)) {
    for (std::size_t p = 0; p < queries.size(); ++p) {
      for (std::int64_t r = 0; r < queries[p].rows(); ++r) rows_.emplace_back(p, r);
    }
    nearest_.assign(rows_.size() * patients_ * k_, infinite);
    parallel_for(static_cast<std::int64_t>(rows_.size()), [&](std::int64_t n) {
      const auto [patient, r] = rows_[static_cast<std::size_t>(n)];
      const Row row = row_of(queries[patient], r);
      for (std::size_t q = 0; q < patients_; ++q) {
        float* list = nearest_.data() + (static_cast<std::size_t>(n) * patients_ + q) * k_;
        for (std::int64_t s = 0; s < others[q].rows(); ++s) {
          if (same_set && q == patient && s == r) continue;
          keep_smallest((row - row_of(others[q], s)).squaredNorm(), list, k);
        }
      }
    });
  }

  std::size_t rows() const { return rows_.size(); }
  std::size_t patient_of(std::size_t row) const { return rows_[row].first; }

  /// Squared distance from a row to its k-th neighbour among the patients that were drawn. `nearest` has room for k.
  float distance(std::size_t row, const int* counts, float* nearest) const {
    std::fill(nearest, nearest + k_, infinite);
    const float& kth = nearest[k_ - 1];
    for (std::size_t q = 0; q < patients_; ++q) {
      if (counts[q] == 0) continue;
      const float* list = nearest_.data() + (row * patients_ + q) * k_;
      for (std::size_t n = 0; n < k_ && list[n] < kth; ++n) {
        keep_smallest(list[n], nearest, static_cast<int>(k_));
      }
    }
    return kth;
  }

 private:
  std::size_t patients_, k_;
  std::vector<std::pair<std::size_t, std::int64_t>> rows_;  ///< patient and row within him
  std::vector<float> nearest_;                              ///< rows x patients x k
};

/// Coverage of each method for one draw.
std::vector<double> coverage_of(const PatientNeighbours& targets, const std::vector<PatientNeighbours>& methods,
                                const int* counts, int neighbours) {
  std::vector<float> nearest(static_cast<std::size_t>(neighbours));
  std::vector<double> covered(methods.size(), 0.0);
  double weight = 0;
  for (std::size_t row = 0; row < targets.rows(); ++row) {
    const int count = counts[targets.patient_of(row)];
    if (count == 0) continue;
    const float radius = targets.distance(row, counts, nearest.data());
    if (radius == infinite) weight = std::numeric_limits<double>::quiet_NaN();
    weight += count;
    for (std::size_t m = 0; m < methods.size(); ++m) {
      if (methods[m].distance(row, counts, nearest.data()) <= radius) covered[m] += count;
    }
  }
  for (double& value : covered) value = weight > 0 ? value / weight : std::numeric_limits<double>::quiet_NaN();
  return covered;
}

}  // namespace

MethodDraws coverage_draws(const PatientFeatures& targets, const std::vector<PatientFeatures>& methods,
                           const PatientDraws& draws, int neighbours) {
  check_neighbours(neighbours);
  const std::int64_t dims = dims_of(targets);
  const auto check = [&](const PatientFeatures& patients) {
    if (patients.size() != draws.patients()) {
      throw Error(fmt::format("features of {} patients, but draws of {}", patients.size(), draws.patients()));
    }
    for (const net::FeatureMatrix& features : patients) check_features("coverage", features, dims);
  };
  check(targets);
  for (const PatientFeatures& method : methods) check(method);
  MethodDraws result(methods.size(), std::vector<double>(draws.draws()));
  if (draws.draws() == 0) return result;
  const PatientNeighbours own(targets, targets, neighbours, true);
  std::vector<PatientNeighbours> others;
  for (const PatientFeatures& method : methods) others.emplace_back(targets, method, 1, false);
  parallel_for(static_cast<std::int64_t>(draws.draws()), [&](std::int64_t b) {
    const std::size_t at = static_cast<std::size_t>(b);
    const std::vector<double> values = coverage_of(own, others, draws.counts(at), neighbours);
    for (std::size_t m = 0; m < values.size(); ++m) result[m][at] = values[m];
  });
  return result;
}

}  // namespace gdm::metrics
