// Comparison of methods: signed ranks against scipy, Holm's adjustment by hand, ranks.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "grade/rank_table.hpp"
#include "metrics/paired_tests.hpp"
#include "sys/error.hpp"

using namespace gdm;
using namespace gdm::metrics;
using namespace gdm::grade;

namespace {

struct WilcoxonGolden {
  int pairs, kind, n;
  double statistic, p_value;
  bool exact;
};
#include "../data/comparison_golden.inc"

struct Pairs {
  std::vector<double> first, second;
};

/// As in comparison_golden.py.
Pairs golden_pairs(int n, int kind) {
  Pairs pairs;
  for (int i = 1; i <= n; ++i) {
    double first = (i * i * 37 + i * 101 + kind * 13) % 997 / 8.0;
    double second = (i * i * 53 + i * 211 + kind * 7) % 991 / 8.0;
    if (kind > 0) {
      first = std::floor(first / 16);
      second = std::floor(second / 16) + 1;
    }
    if (kind == 2 && i % 5 == 0) second = first;
    pairs.first.push_back(first);
    pairs.second.push_back(second);
  }
  return pairs;
}

}  // namespace

TEST_CASE("wilcoxon: equals scipy, exact and approximate, with ties and zeros") {
  int exact = 0, tests = 0;
  for (const WilcoxonGolden& golden : golden_tests) {
    const Pairs pairs = golden_pairs(golden.pairs, golden.kind);
    const WilcoxonTest test = wilcoxon_signed_rank(pairs.first, pairs.second);
    CHECK(test.n == static_cast<std::size_t>(golden.n));
    CHECK(test.n + test.zeros == pairs.first.size());
    CHECK(test.exact == golden.exact);
    CHECK(std::min(test.rank_sum_above, test.rank_sum_below) == golden.statistic);
    CHECK(test.p_value == doctest::Approx(golden.p_value).epsilon(1e-12));
    const WilcoxonTest swapped = wilcoxon_signed_rank(pairs.second, pairs.first);
    CHECK(swapped.p_value == test.p_value);
    CHECK(swapped.rank_sum_above == test.rank_sum_below);
    exact += static_cast<int>(test.exact);
    ++tests;
  }
  CHECK(exact >= 3);
  CHECK(exact <= tests - 3);
}

TEST_CASE("wilcoxon: closed forms and degenerate input") {
  const WilcoxonTest all = wilcoxon_signed_rank({2, 4, 6, 8, 10}, {1, 2, 3, 4, 5});  // all above: 2 / 2^5
  CHECK(all.p_value == 2.0 / 32.0);
  CHECK(all.rank_sum_above == 15);
  const WilcoxonTest none = wilcoxon_signed_rank({1, 2}, {1, 2});
  CHECK(none.p_value == 1);
  CHECK(none.zeros == 2);
  CHECK(wilcoxon_signed_rank({}, {}).p_value == 1);
  CHECK(wilcoxon_signed_rank({1}, {2}).p_value == 1);
  CHECK_THROWS_AS(wilcoxon_signed_rank({1, 2}, {1}), Error);
  CHECK_THROWS_AS(wilcoxon_signed_rank({1, NAN}, {1, 2}), Error);
}

TEST_CASE("holm: worked by hand") {
  // Sorted 0.01 0.02 0.03 0.04: 4 x 0.01, max(0.04, 3 x 0.02), max(0.06, 2 x 0.03), max(0.06, 0.04).
  const std::vector<double> adjusted = holm_adjusted({0.03, 0.01, 0.04, 0.02});
  CHECK(adjusted[0] == doctest::Approx(0.06));
  CHECK(adjusted[1] == doctest::Approx(0.04));
  CHECK(adjusted[2] == doctest::Approx(0.06));
  CHECK(adjusted[3] == doctest::Approx(0.06));
  CHECK(holm_adjusted({0.6, 0.7}) == std::vector<double>{1.0, 1.0});
  CHECK(holm_adjusted({0.2}) == std::vector<double>{0.2});
  CHECK(holm_adjusted({}).empty());
  CHECK_THROWS_AS(holm_adjusted({0.2, NAN}), Error);
}

TEST_CASE("ranks: directions, ties and gaps") {
  const double inf = std::numeric_limits<double>::infinity();
  const RankTable table =
      rank_methods({{50.0, 40.0, 60.0},          // MAE: 2 1 3
                    {inf, 30.0, 30.0},           // PSNR: 1 2.5 2.5
                    {-5.0, 4.0, -4.0},           // bias: 3 1.5 1.5
                    {0.7, 1.2, std::nullopt},    // ratio: 2 1 3
                    {std::nullopt, NAN, -inf}},  // nobody has it
                   {Better::lower, Better::higher, Better::nearest_zero, Better::nearest_one, Better::higher});
  CHECK(table.ranks[0] == std::vector<double>{2, 1, 3});
  CHECK(table.ranks[1] == std::vector<double>{1, 2.5, 2.5});
  CHECK(table.ranks[2] == std::vector<double>{3, 1.5, 1.5});
  CHECK(table.ranks[3] == std::vector<double>{2, 1, 3});
  CHECK(table.ranks[4] == std::vector<double>{2, 2, 2});
  CHECK(table.mean_ranks == std::vector<double>{2.0, 1.5, 2.5});
  CHECK(table.order == std::vector<std::size_t>{1, 0, 2});
  CHECK(rank_methods({}, {}).order.empty());
  CHECK_THROWS_AS(rank_methods({{1.0}}, {}), Error);
  CHECK_THROWS_AS(rank_methods({{1.0}, {1.0, 2.0}}, {Better::lower, Better::lower}), Error);
}
