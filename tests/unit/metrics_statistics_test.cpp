// Which methods are compared, how the tests of a report are adjusted, ranks within cases, and what sidecars cost.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "io_fixture.hpp"
#include "metrics/comparison.hpp"
#include "metrics/efficiency.hpp"
#include "metrics/paired_tests.hpp"

using namespace gdm;
using namespace gdm::metrics;

namespace {

using Values = std::vector<std::optional<double>>;
using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

Values shifted(const Values& values, double shift, double growth = 0.0) {
  Values result;
  for (std::size_t c = 0; c < values.size(); ++c) result.emplace_back(*values[c] + shift + growth * double(c));
  return result;
}

const Values base{50, 61, 43, 57, 66, 48, 52, 70};

}  // namespace

TEST_CASE("comparison: all pairs of up to three methods, then the first or the baseline with each") {
  CHECK(compared_pairs(1, 0, std::nullopt).empty());
  CHECK(compared_pairs(2, 0, std::nullopt) == Pairs{{1, 0}});
  CHECK(compared_pairs(3, 1, std::nullopt) == Pairs{{1, 0}, {2, 0}, {2, 1}});
  CHECK(compared_pairs(4, 1, std::nullopt) == Pairs{{0, 1}, {2, 1}, {3, 1}});
  CHECK(compared_pairs(3, 0, 2) == Pairs{{0, 2}, {1, 2}});
}

TEST_CASE("comparison: differences, tests and Holm over all of them") {
  // MAE: the second is lower by 1 .. 8; bias: -3 against +3 has no difference of its absolute values.
  const ScoreTable scores{{base, shifted(base, -1.0, -1.0)}, {Values(8, -3.0), Values(8, 3.0)}};
  const Comparisons result = compare(scores, {Better::lower, Better::nearest_zero}, {{1, 0}}, 7);
  REQUIRE(result.pairs.size() == 2);
  CHECK(result.tests == 2);
  const PairComparison &mae = result.pairs[0], &bias = result.pairs[1];
  CHECK(mae.cases == 8);
  CHECK(*mae.mean_difference == doctest::Approx(-4.5));
  CHECK(mae.interval->low > -7);
  CHECK(mae.interval->low < -4.5);
  CHECK(mae.interval->high > -4.5);
  CHECK(mae.interval->high < -2);
  CHECK(*mae.p == 2.0 / 256.0);  // all of 8 differences on one side
  CHECK(*mae.p_holm == 4.0 / 256.0);
  CHECK(*bias.mean_difference == 0);
  CHECK(*bias.p == 1);
  CHECK(*bias.p_holm == 1);
  const Comparisons again = compare(scores, {Better::lower, Better::nearest_zero}, {{1, 0}}, 7);
  CHECK(again.pairs[0].interval->low == mae.interval->low);
}

TEST_CASE("comparison: few cases, undefined and infinite values are not tested, one case has no interval") {
  Values a = base, b = shifted(base, 1.0);
  a[0] = std::nullopt;
  b[1] = std::numeric_limits<double>::infinity();
  const auto first = [](const Values& x, const Values& y) {
    return compare({{x, y}}, {Better::lower}, {{1, 0}}, 0).pairs.front();
  };
  CHECK(first(a, b).cases == 6);
  CHECK(first(a, b).p.has_value());
  b[2] = std::nullopt;
  CHECK(first(a, b).cases == 5);
  CHECK_FALSE(first(a, b).p.has_value());
  CHECK_FALSE(first(a, b).interval.has_value());
  CHECK(*first(a, b).mean_difference == doctest::Approx(1.0));
  CHECK(*first({3.0}, {4.0}).mean_difference == 1.0);
  const PairComparison nothing = first({std::nullopt}, {4.0});
  CHECK(nothing.cases == 0);
  CHECK_FALSE(nothing.mean_difference.has_value());
}

TEST_CASE("comparison: ranks within cases, undefined last, metrics that nobody has left out") {
  const Values none(2, std::nullopt);
  const ScoreTable scores{{{10.0, 20.0}, {11.0, 12.0}, {12.0, std::nullopt}},  // MAE: 1 2 3, then 2 1 3
                          {{0.9, 0.8}, {0.9, 0.7}, {0.5, 0.9}},                // Dice: 1.5 1.5 3, then 2 3 1
                          {none, none, none}};
  const std::vector<MethodRanks> ranks = compare(scores, {Better::lower, Better::higher, Better::lower}, {}, 0).ranks;
  REQUIRE(ranks.size() == 3);
  CHECK(*ranks[0].per_metric[0] == 1.5);
  CHECK(*ranks[2].per_metric[0] == 3.0);
  CHECK(*ranks[0].per_metric[1] == 1.75);
  CHECK(*ranks[1].per_metric[1] == 2.25);
  CHECK(*ranks[2].per_metric[1] == 2.0);
  CHECK_FALSE(ranks[0].per_metric[2].has_value());
  CHECK(*ranks[0].mean == 1.625);
  CHECK(*ranks[2].mean == 2.5);
}

TEST_CASE("efficiency: what sidecars say; missing, foreign and broken ones are left out") {
  const gdm_test::TemporaryFolder folder;
  std::vector<fs::path> volumes;
  const auto volume = [&](const std::string& name, const std::string& sidecar) {
    volumes.push_back(folder / (name + ".nii.gz"));
    if (!sidecar.empty()) gdm_test::put_file(folder / (name + ".json"), sidecar.data(), sidecar.size());
  };
  const auto made = [](int n) {
    return R"({"gdm": {"provenance": {"tool": "gdm-synth", "device": "cpu", "peak_rss_mib": )" +
           std::to_string(100 * n) + R"(}, "details": {"inference_s": )" + std::to_string(n) +
           R"(, "network_evaluations": )" + std::to_string(10 * n) + R"(, "model_sha256": "abc"}}})";
  };
  for (int n = 1; n <= 3; ++n) volume("v" + std::to_string(n), made(n));
  volume("missing", "");
  volume("foreign", R"({"EchoTime": 0.03})");
  volume("odd", R"({"gdm": {"provenance": [], "details": {"inference_s": "fast", "model_sha256": 5}}})");
  volume("broken", "{");
  const Efficiency e = efficiency_of(volumes);
  CHECK(e.volumes == 7);
  CHECK(e.cases == 3);
  CHECK(*e.seconds.median == 2.0);
  CHECK(*e.seconds.iqr() == 1.0);
  CHECK(*e.evaluations.median == 20.0);
  CHECK(*e.peak_memory_mb_max == doctest::Approx(300 * 1.048576));
  CHECK(e.devices == std::vector<std::string>{"cpu"});
  CHECK(e.models == std::vector<std::string>{"abc"});
  REQUIRE(e.notes.size() == 1);
  CHECK(e.notes[0].find("broken.json") != std::string::npos);
  CHECK(efficiency_of({}).cases == 0);
}
