// Pairs of methods, tested and ranked patient by patient.
#include "grade/comparison.hpp"

#include <algorithm>
#include <cmath>

#include "grade/rank_table.hpp"
#include "metrics/jackknife.hpp"
#include "metrics/mean_intervals.hpp"
#include "metrics/paired_tests.hpp"
#include "metrics/summary.hpp"

namespace gdm::grade {
namespace {

/// Values whose difference says which is better: where a value is best near 0 or 1, its distance from there.
double comparable(double value, Better better) {
  if (better == Better::nearest_zero) return std::abs(value);
  if (better == Better::nearest_one) return std::abs(value - 1.0);
  return value;
}

PairComparison compare_pair(const std::vector<std::optional<double>>& a, const std::vector<std::optional<double>>& b,
                            Better better, const std::vector<std::size_t>& patient_of) {
  std::vector<std::optional<double>> first(a.size()), second(a.size());
  PairComparison result;
  for (std::size_t c = 0; c < a.size(); ++c) {
    if (!a[c] || !b[c] || !std::isfinite(*a[c]) || !std::isfinite(*b[c])) continue;
    first[c] = comparable(*a[c], better);
    second[c] = comparable(*b[c], better);
    ++result.cases;
  }
  std::vector<double> of_first, of_second;
  std::vector<std::optional<double>> differences;
  const auto first_means = metrics::patient_means(first, patient_of),
             second_means = metrics::patient_means(second, patient_of);
  for (std::size_t p = 0; p < first_means.size(); ++p) {
    if (!first_means[p]) continue;
    of_first.push_back(*first_means[p]);
    of_second.push_back(*second_means[p]);
    differences.emplace_back(of_first.back() - of_second.back());
  }
  result.patients = differences.size();
  result.mean_difference = metrics::summarize(differences).mean;
  if (result.patients < comparison_least_patients) return result;
  result.interval = metrics::mean_interval(differences);
  result.p = metrics::wilcoxon_signed_rank(of_first, of_second).p_value;
  return result;
}

/// Mean rank of each method over patients; empty if no method has a value in any case.
std::vector<double> ranks_by_patient(const std::vector<std::vector<std::optional<double>>>& of_methods, Better better,
                                     const std::vector<std::size_t>& patient_of) {
  std::vector<std::vector<std::optional<double>>> ranks(of_methods.size());  // [method][case]
  for (std::size_t c = 0; c < patient_of.size(); ++c) {
    std::vector<std::optional<double>> values;
    for (const auto& method : of_methods) values.push_back(method[c]);
    const bool any = std::any_of(values.begin(), values.end(), [](const auto& v) { return v.has_value(); });
    const std::vector<double> in_case = rank_methods({values}, {better}).ranks.front();
    for (std::size_t m = 0; m < ranks.size(); ++m) {
      ranks[m].push_back(any ? std::optional<double>(in_case[m]) : std::nullopt);
    }
  }
  std::vector<double> means;
  for (const auto& method : ranks) {
    const metrics::Summary summary = metrics::summarize(metrics::patient_means(method, patient_of));
    if (summary.mean) means.push_back(*summary.mean);
  }
  return means;
}

std::vector<MethodRanks> ranks_of(const ScoreTable& scores, const std::vector<Better>& better,
                                  const std::vector<std::size_t>& patient_of) {
  std::vector<MethodRanks> ranks(scores.empty() ? 0 : scores.front().size());
  for (std::size_t metric = 0; metric < scores.size(); ++metric) {
    const std::vector<double> means = ranks_by_patient(scores[metric], better[metric], patient_of);
    for (std::size_t m = 0; m < ranks.size(); ++m) {
      ranks[m].per_metric.push_back(means.empty() ? std::nullopt : std::optional<double>(means[m]));
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

/// Holm's adjustment of those comparisons whose `primary` is as given; returns how many there are.
std::size_t adjust(bool primary, Comparisons& comparisons) {
  std::vector<double> p_values;
  std::vector<std::optional<double>*> adjusted;
  const auto take = [&](auto& comparison) {
    if (!comparison.p || comparison.primary != primary) return;
    p_values.push_back(*comparison.p);
    adjusted.push_back(&comparison.p_holm);
  };
  for (PairComparison& pair : comparisons.pairs) take(pair);
  for (DistanceComparison& pair : comparisons.distances) take(pair);
  const std::vector<double> values = metrics::holm_adjusted(p_values);
  for (std::size_t n = 0; n < values.size(); ++n) *adjusted[n] = values[n];
  return values.size();
}

/// None where a method has no such distance; places of encoder and level are left to the caller.
std::optional<DistanceComparison> compare_at(const LevelDistances& level, Distance distance, std::size_t a,
                                             std::size_t b) {
  const bool is_frechet = distance == Distance::frechet;
  const auto value = is_frechet ? &MethodDistances::frechet : &MethodDistances::kernel;
  const std::optional<double>&of_a = level.methods[a].*value, &of_b = level.methods[b].*value;
  if (!of_a || !of_b) return std::nullopt;
  DistanceComparison pair;
  pair.distance = distance;
  pair.a = a;
  pair.b = b;
  pair.patients = static_cast<std::size_t>(level.patients);
  pair.difference = *of_a - *of_b;
  const metrics::MethodDraws& without = is_frechet ? level.frechet_without : level.kernel_without;
  if (without.empty() || pair.patients < comparison_least_patients) return pair;
  std::vector<double> differences;
  for (std::size_t p = 0; p < without[a].size(); ++p) differences.push_back(without[a][p] - without[b][p]);
  const auto estimate = metrics::jackknife(pair.difference, differences);
  if (!estimate) return pair;
  pair.corrected = estimate->corrected;
  pair.interval = estimate->interval;
  pair.p = estimate->p_value;
  return pair;
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
                    const std::vector<std::size_t>& patient_of,
                    const std::vector<std::pair<std::size_t, std::size_t>>& pairs) {
  Comparisons result;
  for (std::size_t metric = 0; metric < scores.size(); ++metric) {
    for (const auto& [a, b] : pairs) {
      PairComparison pair = compare_pair(scores[metric][a], scores[metric][b], better[metric], patient_of);
      pair.metric = metric;
      pair.a = a;
      pair.b = b;
      result.pairs.push_back(pair);
    }
  }
  result.ranks = ranks_of(scores, better, patient_of);
  return result;
}

std::vector<DistanceComparison> compare_distances(const std::vector<EncoderDistances>& encoders,
                                                  const std::vector<std::pair<std::size_t, std::size_t>>& pairs) {
  std::vector<DistanceComparison> result;
  for (std::size_t e = 0; e < encoders.size(); ++e) {
    for (std::size_t l = 0; l < encoders[e].levels.size(); ++l) {
      for (const Distance distance : {Distance::frechet, Distance::kernel}) {
        for (const auto& [a, b] : pairs) {
          auto pair = compare_at(encoders[e].levels[l], distance, a, b);
          if (!pair) continue;
          pair->encoder = e;
          pair->level = l;
          result.push_back(*pair);
        }
      }
    }
  }
  return result;
}

void adjust_p_values(const std::optional<Endpoint>& primary, Comparisons& comparisons) {
  for (PairComparison& pair : comparisons.pairs) pair.primary = primary && primary->metric == pair.metric;
  for (DistanceComparison& pair : comparisons.distances) {
    pair.primary = primary && !primary->metric && primary->distance == pair.distance &&
                   primary->encoder == pair.encoder && primary->level == pair.level;
  }
  comparisons.primary_tests = adjust(true, comparisons);
  comparisons.tests = adjust(false, comparisons);
}

std::optional<std::size_t> better_method(const PairComparison& pair, Better better) {
  if (!pair.p_holm || *pair.p_holm >= significant_p || *pair.mean_difference == 0) return std::nullopt;
  return (*pair.mean_difference > 0) == (better == Better::higher) ? pair.a : pair.b;
}

std::optional<std::size_t> better_method(const DistanceComparison& pair) {
  if (!pair.p_holm || *pair.p_holm >= significant_p) return std::nullopt;
  return *pair.corrected > 0 ? pair.b : pair.a;
}

}  // namespace gdm::grade
