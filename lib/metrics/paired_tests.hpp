// Comparison of two methods on the same patients.
#pragma once

#include <cstddef>
#include <vector>

namespace gdm::metrics {

struct WilcoxonTest {
  std::size_t n = 0, zeros = 0;  ///< pairs that differ; pairs without a difference, which do not enter
  double rank_sum_above = 0;     ///< of the pairs with first > second; ties share their mean rank
  double rank_sum_below = 0;
  double p_value = 1;  ///< two-sided; 1 if no pair differs
  bool exact = true;   ///< from the exact distribution, else from the normal approximation
};

/// Wilcoxon's signed-rank test (Biometrics Bulletin 1, 1945) of the differences first - second. Zero differences are
/// left out, as Wilcoxon did. Exact for at most 25 differences without ties; otherwise normal, with corrections for
/// ties and continuity: z = (|T - n(n+1)/4| - 1/2) / sqrt(n(n+1)(2n+1)/24 - sum(t^3 - t)/48) (Hollander & Wolfe,
/// Nonparametric Statistical Methods, 1999, section 3.1). Throws Error if the lists differ in length or hold a value
/// that is not finite.
WilcoxonTest wilcoxon_signed_rank(const std::vector<double>& first, const std::vector<double>& second);

/// Holm's step-down adjustment (Scandinavian Journal of Statistics 6, 1979): with sorted p values, the i-th of m
/// becomes the largest of (m - j + 1) p_j for j <= i, at most 1; in the order of the input. Throws Error for values
/// outside 0-1.
std::vector<double> holm_adjusted(const std::vector<double>& p_values);

}  // namespace gdm::metrics
