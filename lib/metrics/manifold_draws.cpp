// The manifolds of patients that were drawn anew.
#include <fmt/format.h>

#include <algorithm>

#include "metrics/manifold.hpp"
#include "metrics/manifold_distance.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

/// The rows of all patients, and whose each is.
struct PatientRows {
  explicit PatientRows(const PatientFeatures& patients) : all(pooled_rows(patients)) {
    for (std::size_t p = 0; p < patients.size(); ++p) {
      patient.insert(patient.end(), static_cast<std::size_t>(patients[p].rows()), p);
    }
  }
  std::size_t size() const { return patient.size(); }

  FeatureMatrix all;
  std::vector<std::size_t> patient;
};

/// For each row and each patient the k smallest squared distances to his other rows.
class OwnNeighbours {
 public:
  OwnNeighbours(const PatientRows& rows, std::size_t patients, int k)
      : patients_(patients), k_(static_cast<std::size_t>(k)), nearest_(rows.size() * patients * k_, infinite_distance) {
    parallel_for(static_cast<std::int64_t>(rows.size()), [&](std::int64_t i) {
      for (std::size_t j = 0; j < rows.size(); ++j) {
        if (static_cast<std::int64_t>(j) == i) continue;
        float* list = nearest_.data() + (static_cast<std::size_t>(i) * patients_ + rows.patient[j]) * k_;
        keep_smallest(squared_distance(rows.all, i, rows.all, static_cast<std::int64_t>(j)), list, k);
      }
    });
  }

  /// Squared distance from a row to its k-th neighbour among the patients that were drawn. `nearest` has room for k.
  float radius(std::size_t row, const int* counts, float* nearest) const {
    std::fill(nearest, nearest + k_, infinite_distance);
    const float& kth = nearest[k_ - 1];
    for (std::size_t q = 0; q < patients_; ++q) {
      if (counts[q] == 0) continue;
      const float* list = nearest_.data() + (row * patients_ + q) * k_;
      for (std::size_t n = 0; n < k_ && list[n] < kth; ++n) keep_smallest(list[n], nearest, static_cast<int>(k_));
    }
    return kth;
  }

 private:
  std::size_t patients_, k_;
  std::vector<float> nearest_;  ///< rows x patients x k
};

/// Squared distances of all targets (rows) to all predictions (columns).
std::vector<float> cross_distances(const PatientRows& targets, const PatientRows& predictions) {
  std::vector<float> distances(targets.size() * predictions.size());
  parallel_for(static_cast<std::int64_t>(targets.size()), [&](std::int64_t i) {
    float* out = distances.data() + static_cast<std::size_t>(i) * predictions.size();
    for (std::size_t j = 0; j < predictions.size(); ++j) {
      out[j] = squared_distance(targets.all, i, predictions.all, static_cast<std::int64_t>(j));
    }
  });
  return distances;
}

/// A set in one draw: for every row how often it counts (0: its patient was not drawn) and how far its ball reaches.
struct DrawnSet {
  std::vector<float> radii;  ///< below any distance for rows that do not count
  std::vector<int> counts;
  int count = 0;
  bool enough = true;  ///< whether every ball is defined

  DrawnSet(const PatientRows& set, const OwnNeighbours& neighbours, const int* counts_of_patients, int k)
      : radii(set.size(), -1.0F), counts(set.size(), 0) {
    std::vector<float> nearest(static_cast<std::size_t>(k));
    for (std::size_t row = 0; row < set.size(); ++row) {
      counts[row] = counts_of_patients[set.patient[row]];
      if (counts[row] == 0) continue;
      count += counts[row];
      radii[row] = neighbours.radius(row, counts_of_patients, nearest.data());
      enough = enough && radii[row] < infinite_distance;
    }
    enough = enough && count > 0;
  }
};

ManifoldMetrics metrics_of(const DrawnSet& targets, const DrawnSet& predictions, const std::vector<float>& distances,
                           int k) {
  constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
  if (!targets.enough || !predictions.enough) return {undefined, undefined, undefined, undefined};
  const std::size_t columns = predictions.counts.size();
  std::vector<int> precise(columns, 0);
  std::int64_t inside = 0, recalled_rows = 0, covered_rows = 0, precise_rows = 0;
  for (std::size_t i = 0; i < targets.counts.size(); ++i) {
    if (targets.counts[i] == 0) continue;
    const float* row = distances.data() + i * columns;
    const float radius = targets.radii[i];
    int held = 0, recalled = 0;
    for (std::size_t j = 0; j < columns; ++j) {  // without branches, as it is most of the work
      const int near = static_cast<int>(row[j] <= radius);
      held += near * predictions.counts[j];
      precise[j] |= near;
      recalled |= static_cast<int>(row[j] <= predictions.radii[j]);
    }
    inside += held;
    recalled_rows += recalled * targets.counts[i];
    covered_rows += (held > 0 ? 1 : 0) * targets.counts[i];
  }
  for (std::size_t j = 0; j < columns; ++j) precise_rows += precise[j] * predictions.counts[j];
  const double n = targets.count, m = predictions.count;
  return {static_cast<double>(precise_rows) / m, static_cast<double>(recalled_rows) / n,
          static_cast<double>(inside) / (k * m), static_cast<double>(covered_rows) / n};
}

void check_patients(const PatientFeatures& patients, std::int64_t dims, const PatientDraws& draws) {
  if (patients.size() != draws.patients()) {
    throw Error(fmt::format("features of {} patients, but draws of {}", patients.size(), draws.patients()));
  }
  for (const FeatureMatrix& features : patients) check_features("manifold", features, dims);
}

}  // namespace

ManifoldDraws manifold_draws(const PatientFeatures& targets, const std::vector<PatientFeatures>& methods,
                             const PatientDraws& draws, int neighbours) {
  if (neighbours < 1) throw Error(fmt::format("{} nearest neighbours, expected at least 1", neighbours));
  const std::int64_t dims = dims_of(targets);
  check_patients(targets, dims, draws);
  for (const PatientFeatures& method : methods) check_patients(method, dims, draws);
  const MethodDraws empty(methods.size(), std::vector<double>(draws.draws()));
  ManifoldDraws result{empty, empty, empty, empty};
  if (draws.draws() == 0) return result;
  const PatientRows real(targets);
  const OwnNeighbours of_real(real, targets.size(), neighbours);
  for (std::size_t m = 0; m < methods.size(); ++m) {
    const PatientRows predicted(methods[m]);
    const OwnNeighbours of_predicted(predicted, targets.size(), neighbours);
    const std::vector<float> distances = cross_distances(real, predicted);
    parallel_for(static_cast<std::int64_t>(draws.draws()), [&](std::int64_t b) {
      const std::size_t at = static_cast<std::size_t>(b);
      const int* counts = draws.counts(at);
      const ManifoldMetrics values =
          metrics_of(DrawnSet(real, of_real, counts, neighbours), DrawnSet(predicted, of_predicted, counts, neighbours),
                     distances, neighbours);
      result.precision[m][at] = values.precision;
      result.recall[m][at] = values.recall;
      result.density[m][at] = values.density;
      result.coverage[m][at] = values.coverage;
    });
  }
  return result;
}

}  // namespace gdm::metrics
