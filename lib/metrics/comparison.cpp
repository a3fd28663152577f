// Pairs of methods, tested and ranked case by case.
#include "metrics/comparison.hpp"

#include <cmath>
#include <map>

#include "metrics/paired_tests.hpp"
#include "metrics/rank_table.hpp"

namespace gdm::metrics {
namespace {

/// Values whose difference says which is better: where a value is best near 0 or 1, its distance from there.
double comparable(double value, Better better) {
  if (better == Better::nearest_zero) return std::abs(value);
  if (better == Better::nearest_one) return std::abs(value - 1.0);
  return value;
}

/// Draws for each number of cases that occurs.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : seed_(seed) {}
  const PatientDraws& of(std::size_t cases) {
    const auto known = draws_.find(cases);
    if (known != draws_.end()) return known->second;
    return draws_.emplace(cases, PatientDraws(cases, comparison_draws, seed_)).first->second;
  }

 private:
  std::uint64_t seed_;
  std::map<std::size_t, PatientDraws> draws_;
};

PairComparison compare_pair(const std::vector<std::optional<double>>& a, const std::vector<std::optional<double>>& b,
                            Better better, Draws& draws) {
  std::vector<double> first, second;
  for (std::size_t c = 0; c < a.size(); ++c) {
    if (!a[c] || !b[c] || !std::isfinite(*a[c]) || !std::isfinite(*b[c])) continue;
    first.push_back(comparable(*a[c], better));
    second.push_back(comparable(*b[c], better));
  }
  PairComparison result;
  result.cases = first.size();
  if (first.empty()) return result;
  const MeanDifference difference = mean_difference(first, second, draws.of(first.size()));
  result.mean_difference = difference.mean;
  if (first.size() < comparison_least_cases) return result;
  result.interval = difference.interval;
  result.p = wilcoxon_signed_rank(first, second).p_value;
  return result;
}

/// Mean rank of each method over the cases; empty if no method has a value in any case.
std::vector<double> ranks_by_case(const std::vector<std::vector<std::optional<double>>>& of_methods, Better better) {
  std::vector<std::vector<std::optional<double>>> cases;
  for (std::size_t c = 0; c < of_methods.front().size(); ++c) {
    std::vector<std::optional<double>> values;
    bool any = false;
    for (const auto& method : of_methods) {
      values.push_back(method[c]);
      any = any || method[c].has_value();
    }
    if (any) cases.push_back(std::move(values));
  }
  if (cases.empty()) return {};
  return rank_methods(cases, std::vector<Better>(cases.size(), better)).mean_ranks;
}

std::vector<MethodRanks> ranks_of(const ScoreTable& scores, const std::vector<Better>& better) {
  std::vector<MethodRanks> ranks(scores.empty() ? 0 : scores.front().size());
  for (std::size_t metric = 0; metric < scores.size(); ++metric) {
    const std::vector<double> by_case = ranks_by_case(scores[metric], better[metric]);
    for (std::size_t m = 0; m < ranks.size(); ++m) {
      ranks[m].per_metric.push_back(by_case.empty() ? std::nullopt : std::optional<double>(by_case[m]));
    }
  }
  for (MethodRanks& method : ranks) {
    double sum = 0, count = 0;
    for (const auto& rank : method.per_metric) {
      sum += rank.value_or(0.0);
      count += rank ? 1.0 : 0.0;
    }
    if (count > 0) method.mean = sum / count;
  }
  return ranks;
}

}  // namespace

std::vector<std::pair<std::size_t, std::size_t>> compared_pairs(std::size_t methods, std::size_t first,
                                                                const std::optional<std::size_t>& baseline) {
  constexpr std::size_t few = 3;
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  if (!baseline && methods <= few) {
    for (std::size_t b = 0; b < methods; ++b) {
      for (std::size_t a = b + 1; a < methods; ++a) pairs.emplace_back(a, b);
    }
    return pairs;
  }
  const std::size_t b = baseline.value_or(first);
  for (std::size_t a = 0; a < methods; ++a) {
    if (a != b) pairs.emplace_back(a, b);
  }
  return pairs;
}

Comparisons compare(const ScoreTable& scores, const std::vector<Better>& better,
                    const std::vector<std::pair<std::size_t, std::size_t>>& pairs, std::uint64_t seed) {
  Comparisons result;
  Draws draws(seed);
  std::vector<double> p_values;
  for (std::size_t metric = 0; metric < scores.size(); ++metric) {
    for (const auto& [a, b] : pairs) {
      PairComparison pair = compare_pair(scores[metric][a], scores[metric][b], better[metric], draws);
      pair.metric = metric;
      pair.a = a;
      pair.b = b;
      if (pair.p) p_values.push_back(*pair.p);
      result.pairs.push_back(pair);
    }
  }
  result.tests = p_values.size();
  const std::vector<double> adjusted = holm_adjusted(p_values);
  std::size_t test = 0;
  for (PairComparison& pair : result.pairs) {
    if (pair.p) pair.p_holm = adjusted[test++];
  }
  result.ranks = ranks_of(scores, better);
  return result;
}

}  // namespace gdm::metrics
