// Signed ranks and Holm's adjustment.
#include "metrics/paired_tests.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

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

}  // namespace gdm::metrics
