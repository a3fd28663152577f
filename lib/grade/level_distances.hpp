// All distances between two distributions of feature vectors at one level of an encoder, with their intervals.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "metrics/feature_rows.hpp"
#include "metrics/patient_bootstrap.hpp"

namespace gdm::grade {

/// One method against the targets. Intervals are of 95 % over patients, none without a bootstrap.
struct MethodDistances {
  std::optional<double> frechet;  ///< distribution.hpp, in squared feature units
  /// The spread of frechet_draws() about the sample's own distance: the draws are moved by the difference between that
  /// and their median, because a draw has fewer distinct patients and so lies too high (frechet_bootstrap.hpp).
  std::optional<metrics::Interval> frechet_interval;
  std::optional<double> kernel;  ///< PatientKernel: unbiased squared MMD over patients, may be negative
  std::optional<metrics::Interval> kernel_interval;
  std::optional<double> precision, recall, density, coverage;  ///< manifold.hpp, manifold_neighbours
  /// As frechet_interval: the spread of manifold_draws() about the sample's own value.
  std::optional<metrics::Interval> precision_interval, recall_interval, density_interval, coverage_interval;
};

struct LevelDistances {
  std::string level;  ///< as engine::LevelFeatures
  std::int64_t dims = 0;
  std::int64_t patches = 0;        ///< rows of the targets that were used
  std::int64_t patches_found = 0;  ///< more than `patches` if some were left out
  std::int64_t patients = 0;       ///< with rows
  std::vector<MethodDistances> methods;
  /// Distances without each patient that has rows, [method][patient], for differences between methods (jackknife.hpp).
  /// The former is empty where a warning says why there can be no interval.
  metrics::MethodDraws frechet_without, kernel_without;
  std::string warning;  ///< why values are missing or must be read with care; mostly empty
};

/// Distances of every method; one matrix per patient in `targets` and in each method, in the order of the draws. With
/// fewer than 2 patients that have rows nothing is defined, with too few rows a part is; the warning says so. A Frechet
/// distance of no more rows than dimensions has no interval: its covariances are singular in every draw. Nor has one
/// whose moments of all patients would exceed `most_bytes`. Quadratic in the rows; does not depend on the number of
/// threads. Throws Error if the numbers of patients or the dimensions differ or a value is not finite.
LevelDistances level_distances(const std::string& level, const metrics::PatientFeatures& targets,
                               const std::vector<metrics::PatientFeatures>& methods, const metrics::PatientDraws& draws,
                               std::size_t most_bytes = std::size_t{1} << 30);

}  // namespace gdm::grade
