// Methods held against each other, case by case: which differ, by how much, and in what order they stand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "metrics/metric.hpp"
#include "metrics/patient_bootstrap.hpp"

namespace gdm::metrics {

/// [metric][method][case]; every method has the same cases.
using ScoreTable = std::vector<std::vector<std::vector<std::optional<double>>>>;

/// A metric of two methods, by their places.
struct PairComparison {
  std::size_t metric = 0, a = 0, b = 0;
  std::size_t cases = 0;                  ///< those with a finite value of both
  std::optional<double> mean_difference;  ///< a - b; of distances from 0 or 1 where values are best there
  /// 95 % BCa of the mean difference; p of Wilcoxon's signed-rank test, and adjusted by Holm over all tests of the
  /// report. None for fewer than comparison_least_cases.
  std::optional<Interval> interval;
  std::optional<double> p, p_holm;
};

/// Wilcoxon's test cannot reach p < 0.05 with fewer: 2 / 2^5 is 0.0625.
constexpr std::size_t comparison_least_cases = 6;
constexpr std::size_t comparison_draws = 2000;

struct MethodRanks {
  std::vector<std::optional<double>> per_metric;  ///< mean over the cases; none if no method has a value in any case
  std::optional<double> mean;                     ///< over the metrics, all weighing the same
};

struct Comparisons {
  std::vector<PairComparison> pairs;  ///< by metric, then as given
  std::size_t tests = 0;              ///< of them tested: the family of Holm's adjustment
  std::vector<MethodRanks> ranks;     ///< one per method
};

/// Which methods are compared, as (a, b): each with `baseline`, or with `first` where no baseline is chosen, but up to
/// three methods all with each other, the later one as a.
std::vector<std::pair<std::size_t, std::size_t>> compared_pairs(std::size_t methods, std::size_t first,
                                                                const std::optional<std::size_t>& baseline);

/// Cases count as independent; values that are none or infinite leave their case out of a pair, but rank last in the
/// case. Ranks are made within each case (1 is best, ties share their mean rank) and averaged. Draw b of the bootstrap
/// depends on (seed, b) and the number of cases alone.
Comparisons compare(const ScoreTable& scores, const std::vector<Better>& better,
                    const std::vector<std::pair<std::size_t, std::size_t>>& pairs, std::uint64_t seed);

}  // namespace gdm::metrics
