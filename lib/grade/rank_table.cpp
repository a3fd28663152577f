// Ranks with ties, metric by metric, and their mean.
#include "grade/rank_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sys/error.hpp"

namespace gdm::grade {
namespace {

/// Smaller is better.
double cost_of(const std::optional<double>& value, Better better) {
  constexpr double worst = std::numeric_limits<double>::infinity();
  if (!value || std::isnan(*value)) return worst;
  switch (better) {
    case Better::lower:
      return *value;
    case Better::higher:
      return -*value;
    case Better::nearest_zero:
      return std::abs(*value);
    case Better::nearest_one:
      return std::abs(*value - 1.0);
  }
  return worst;
}

std::vector<double> ranks_of(const std::vector<double>& costs) {
  std::vector<double> ranks;
  for (const double cost : costs) {
    double rank = 0.5;
    for (const double other : costs) rank += other < cost ? 1.0 : (other == cost ? 0.5 : 0.0);
    ranks.push_back(rank);
  }
  return ranks;
}

}  // namespace

RankTable rank_methods(const std::vector<std::vector<std::optional<double>>>& values,
                       const std::vector<Better>& directions) {
  if (values.size() != directions.size()) {
    throw Error(fmt::format("{} metrics but {} directions", values.size(), directions.size()));
  }
  RankTable table;
  const std::size_t methods = values.empty() ? 0 : values.front().size();
  table.mean_ranks.assign(methods, 0.0);
  double counted = 0;
  for (std::size_t metric = 0; metric < values.size(); ++metric) {
    if (values[metric].size() != methods) {
      throw Error(fmt::format("a metric of {} methods among metrics of {}", values[metric].size(), methods));
    }
    std::vector<double> costs;
    for (const auto& value : values[metric]) costs.push_back(cost_of(value, directions[metric]));
    table.ranks.push_back(ranks_of(costs));
    if (std::all_of(costs.begin(), costs.end(), [](double c) { return std::isinf(c) && c > 0; })) continue;
    counted += 1;
    for (std::size_t m = 0; m < methods; ++m) table.mean_ranks[m] += table.ranks.back()[m];
  }
  for (double& rank : table.mean_ranks) rank = counted > 0 ? rank / counted : 0.5 * static_cast<double>(methods + 1);
  table.order.resize(methods);
  std::iota(table.order.begin(), table.order.end(), 0);
  std::stable_sort(table.order.begin(), table.order.end(),
                   [&](std::size_t a, std::size_t b) { return table.mean_ranks[a] < table.mean_ranks[b]; });
  return table;
}

}  // namespace gdm::grade
