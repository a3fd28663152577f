// Fidelity and diversity as two numbers each: how much of one set of features lies on the k-nearest-neighbour manifold
// of the other.
#pragma once

#include "metrics/feature_rows.hpp"
#include "metrics/patient_bootstrap.hpp"

namespace gdm::metrics {

struct ManifoldMetrics {
  double precision = 0;  ///< share of predicted rows inside some ball of the targets
  double recall = 0;     ///< share of target rows inside some ball of the predictions
  double density =
      0;  ///< mean over predicted rows of the target balls that hold it, divided by k; 1 if equal, may exceed 1
  double coverage = 0;  ///< share of target balls that hold a predicted row
};

/// Neighbours of the paper on density and coverage; the paper on precision and recall uses 3.
constexpr int manifold_neighbours = 5;

/// Precision and recall (Kynkaanniemi et al., NeurIPS 2019, equations 1-2), density and coverage (Naeem et al., ICML
/// 2020, equations 3-4) in Euclidean feature space. A row's ball reaches to the k-th nearest other row of its own set,
/// the boundary included; a duplicate of a row is another row, at distance 0. Features enter as they are: a dimension
/// with a large spread decides alone. Quadratic in the rows, on all threads: see some_rows(). Throws Error for
/// neighbours < 1, a set without more rows than neighbours, other dimensions or values that are not finite.
ManifoldMetrics manifold_metrics(const FeatureMatrix& targets, const FeatureMatrix& predictions,
                                 int neighbours = manifold_neighbours);

/// The four numbers of every method for every draw of patients: result.precision[method][draw] and so on. One matrix
/// per patient in `targets` and in each method. Manifolds are made of the distinct patients in the draw (a repeated
/// patient is not his own neighbour); the rows that are asked whether they lie inside weigh as often as their patient
/// was drawn. NaN for a draw with too few rows. Quadratic in the rows for each draw; memory rows x rows floats for one
/// method at a time. Throws Error as manifold_metrics(), and if the numbers of patients differ.
struct ManifoldDraws {
  MethodDraws precision, recall, density, coverage;
};
ManifoldDraws manifold_draws(const PatientFeatures& targets, const std::vector<PatientFeatures>& methods,
                             const PatientDraws& draws, int neighbours = manifold_neighbours);

}  // namespace gdm::metrics
