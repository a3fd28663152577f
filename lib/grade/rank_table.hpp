// Methods in the order of their metrics.
#pragma once

#include <optional>
#include <vector>

#include "grade/metric.hpp"

namespace gdm::grade {

struct RankTable {
  std::vector<std::vector<double>> ranks;  ///< [metric][method]; 1 is best, ties share their mean rank
  std::vector<double> mean_ranks;          ///< [method]; over the metrics, all weighing the same
  std::vector<std::size_t> order;          ///< methods by mean rank, best first; ties in the order of the input
};

/// Ranks values[metric][method]; none, NaN and what is infinite on the bad side rank last, together. A metric that no
/// method has is left out of the mean and its ranks are all equal. Throws Error if there is not one direction per
/// metric and one value per method in each.
RankTable rank_methods(const std::vector<std::vector<std::optional<double>>>& values,
                       const std::vector<Better>& directions);

}  // namespace gdm::grade
