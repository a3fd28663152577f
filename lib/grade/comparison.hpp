// Methods held against each other, patient by patient: which differ, by how much, and in what order they stand.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "grade/encoder_distances.hpp"
#include "grade/endpoint.hpp"
#include "grade/metric.hpp"
#include "metrics/patient_bootstrap.hpp"

namespace gdm::grade {

/// [metric][method][case]; every method has the same cases.
using ScoreTable = std::vector<std::vector<std::vector<std::optional<double>>>>;

/// A metric of two methods, by their places. Cases are averaged within patients first.
struct PairComparison {
  std::size_t metric = 0, a = 0, b = 0;
  std::size_t cases = 0;                  ///< those with a finite value of both
  std::size_t patients = 0;               ///< those of these cases
  std::optional<double> mean_difference;  ///< a - b; of distances from 0 or 1 where values are best there
  /// mean_interval() of the differences of patients and p of Wilcoxon's signed-rank test; p_holm as adjust_p_values().
  /// None for fewer than comparison_least_patients.
  std::optional<metrics::Interval> interval;
  std::optional<double> p, p_holm;
  bool primary = false;  ///< of the primary endpoint
};

/// Wilcoxon's test cannot reach p < 0.05 with fewer: 2 / 2^5 is 0.0625.
constexpr std::size_t comparison_least_patients = 6;
/// Below this an adjusted p counts as a difference.
constexpr double significant_p = 0.05;

/// Two methods' distances to the targets in the features of an encoder.
struct DistanceComparison {
  std::size_t encoder = 0, level = 0;  ///< places in the distances
  Distance distance = Distance::frechet;
  std::size_t a = 0, b = 0;
  std::size_t patients = 0;  ///< with patches
  double difference = 0;     ///< a - b
  /// jackknife() over patients; p_holm as adjust_p_values(). None for fewer than comparison_least_patients, and where
  /// the distances have no interval.
  std::optional<double> corrected;
  std::optional<metrics::Interval> interval;
  std::optional<double> p, p_holm;
  bool primary = false;
};

struct MethodRanks {
  std::vector<std::optional<double>> per_metric;  ///< mean over patients; none if no method has a value in any case
  std::optional<double> mean;                     ///< over the metrics, all weighing the same
};

struct Comparisons {
  std::vector<PairComparison> pairs;          ///< by metric, then as given
  std::vector<DistanceComparison> distances;  ///< by encoder, level, distance, then as given
  std::size_t tests = 0;           ///< the family of Holm's adjustment: all but those of the primary endpoint
  std::size_t primary_tests = 0;   ///< those
  std::size_t reference = 0;       ///< the baseline, or the first manifest's method
  std::vector<MethodRanks> ranks;  ///< one per method
};

/// Which methods are compared, as (a, b): each with `baseline`, or with `first` where no baseline is chosen, but up to
/// three methods all with each other, the later one as a.
std::vector<std::pair<std::size_t, std::size_t>> compared_pairs(std::size_t methods, std::size_t first,
                                                                const std::optional<std::size_t>& baseline);

/// `patient_of` says which patient each case is of (places_of_patients()). Values that are none or infinite leave their
/// case out of a pair, but rank last in the case. Ranks are made within each case (1 is best, ties share their mean
/// rank), averaged within patients, then over them. p values are not adjusted yet.
Comparisons compare(const ScoreTable& scores, const std::vector<Better>& better,
                    const std::vector<std::size_t>& patient_of,
                    const std::vector<std::pair<std::size_t, std::size_t>>& pairs);

/// Both distances at every level of every encoder where both methods have one.
std::vector<DistanceComparison> compare_distances(const std::vector<EncoderDistances>& encoders,
                                                  const std::vector<std::pair<std::size_t, std::size_t>>& pairs);

/// Marks the comparisons of `primary` and fills p_holm: Holm's adjustment over the tests of the primary endpoint, which
/// is none for a single pair of methods, and apart from it over all other tests.
void adjust_p_values(const std::optional<Endpoint>& primary, Comparisons& comparisons);

/// The method on the better side (a or b), where the difference is significant after the adjustment.
std::optional<std::size_t> better_method(const PairComparison& pair, Better better);
std::optional<std::size_t> better_method(const DistanceComparison& pair);

}  // namespace gdm::grade
