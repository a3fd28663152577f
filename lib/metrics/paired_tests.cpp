// Signed ranks, Holm's adjustment and the BCa interval of a mean difference.
#include "metrics/paired_tests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "metrics/summary.hpp"
#include "sys/error.hpp"

namespace gdm::metrics {
namespace {

constexpr std::size_t exact_limit = 25;

std::vector<double> differences_of(const std::vector<double>& first, const std::vector<double>& second) {
  if (first.size() != second.size()) {
    throw Error(fmt::format("a paired comparison of {} values with {}", first.size(), second.size()));
  }
  std::vector<double> differences(first.size());
  for (std::size_t n = 0; n < first.size(); ++n) {
    if (!std::isfinite(first[n]) || !std::isfinite(second[n])) {
      throw Error("a paired comparison has NaN or infinite values");
    }
    differences[n] = first[n] - second[n];
  }
  return differences;
}

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

/// Inverse of normal_cdf by bisection; 0 < p < 1. It is asked for three times per interval.
double normal_quantile(double p) {
  double low = -40.0, high = 40.0;
  for (int n = 0; n < 80; ++n) {
    const double middle = 0.5 * (low + high);
    (normal_cdf(middle) < p ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

/// P(W <= w) for the rank sum W of n differences whose signs are coins: subsets of 1 .. n counted by their sum.
double exact_cdf(std::size_t n, double w) {
  std::vector<double> subsets(n * (n + 1) / 2 + 1, 0.0);
  subsets[0] = 1;
  for (std::size_t rank = 1; rank <= n; ++rank) {
    for (std::size_t sum = subsets.size(); sum-- > rank;) subsets[sum] += subsets[sum - rank];
  }
  double count = 0;
  for (std::size_t sum = 0; sum < subsets.size() && static_cast<double>(sum) <= w; ++sum) count += subsets[sum];
  return std::ldexp(count, -static_cast<int>(n));
}

double approximate_p(std::size_t count, double smaller, double tie_term) {
  const double n = static_cast<double>(count), mean = n * (n + 1.0) / 4.0;
  const double variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - tie_term / 48.0;
  const double z = std::max(0.0, mean - smaller - 0.5) / std::sqrt(variance);
  return std::min(1.0, 2.0 * normal_cdf(-z));
}

double jackknife_acceleration(const std::vector<double>& differences, double mean) {
  double cubes = 0, squares = 0;
  for (const double d : differences) {  // mean minus the mean without d, up to a common factor that cancels
    cubes += (d - mean) * (d - mean) * (d - mean);
    squares += (d - mean) * (d - mean);
  }
  return squares > 0 ? cubes / (6.0 * std::pow(squares, 1.5)) : 0.0;
}

}  // namespace

WilcoxonTest wilcoxon_signed_rank(const std::vector<double>& first, const std::vector<double>& second) {
  std::vector<double> differences = differences_of(first, second);
  WilcoxonTest test;
  differences.erase(std::remove(differences.begin(), differences.end(), 0.0), differences.end());
  test.n = differences.size();
  test.zeros = first.size() - test.n;
  if (test.n == 0) return test;
  std::sort(differences.begin(), differences.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
  double tie_term = 0;
  for (std::size_t begin = 0, end = 0; begin < test.n; begin = end) {
    while (end < test.n && std::abs(differences[end]) == std::abs(differences[begin])) ++end;
    const double tied = static_cast<double>(end - begin), rank = 0.5 * static_cast<double>(begin + end + 1);
    tie_term += tied * tied * tied - tied;
    for (std::size_t n = begin; n < end; ++n) (differences[n] > 0 ? test.rank_sum_above : test.rank_sum_below) += rank;
  }
  const double smaller = std::min(test.rank_sum_above, test.rank_sum_below);
  test.exact = test.n <= exact_limit && tie_term == 0;
  test.p_value =
      test.exact ? std::min(1.0, 2.0 * exact_cdf(test.n, smaller)) : approximate_p(test.n, smaller, tie_term);
  return test;
}

std::vector<double> holm_adjusted(const std::vector<double>& p_values) {
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), 0);
  for (const double p : p_values) {
    if (!(p >= 0 && p <= 1)) throw Error(fmt::format("a p value of {}, expected 0 to 1", p));
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, static_cast<double>(order.size() - i) * p_values[order[i]]);
    adjusted[order[i]] = std::min(1.0, largest);
  }
  return adjusted;
}

MeanDifference mean_difference(const std::vector<double>& first, const std::vector<double>& second,
                               const PatientDraws& draws, double level) {
  const std::vector<double> differences = differences_of(first, second);
  if (differences.size() != draws.patients() || differences.empty()) {
    throw Error(fmt::format("differences of {} cases, but draws of {}", differences.size(), draws.patients()));
  }
  if (!(level > 0 && level < 1)) {
    throw Error(fmt::format("the level of an interval is {}, expected between 0 and 1", level));
  }
  const double count = static_cast<double>(differences.size());
  MeanDifference result;
  for (const double d : differences) result.mean += d / count;
  if (draws.draws() < 2) return result;
  if (std::adjacent_find(differences.begin(), differences.end(), std::not_equal_to<>()) == differences.end()) {
    result.mean = differences.front();
    result.interval = Interval{result.mean, result.mean};
    return result;
  }
  std::vector<double> means(draws.draws(), 0.0);
  for (std::size_t b = 0; b < means.size(); ++b) {
    for (std::size_t n = 0; n < differences.size(); ++n) means[b] += draws.counts(b)[n] * differences[n] / count;
  }
  std::sort(means.begin(), means.end());
  const auto range = std::equal_range(means.begin(), means.end(), result.mean);
  const double below = 0.5 * static_cast<double>((range.first - means.begin()) + (range.second - means.begin()));
  const double total = static_cast<double>(means.size());
  const double z0 = normal_quantile(std::clamp(below / total, 0.5 / total, 1.0 - 0.5 / total));
  const double acceleration = jackknife_acceleration(differences, result.mean);
  const auto end = [&](double tail) {
    const double z = z0 + normal_quantile(tail);
    return quantile_of_sorted(means, normal_cdf(z0 + z / (1.0 - acceleration * z)));
  };
  const double tail = 0.5 * (1.0 - level);
  result.interval = Interval{end(tail), end(1.0 - tail)};
  return result;
}

}  // namespace gdm::metrics
