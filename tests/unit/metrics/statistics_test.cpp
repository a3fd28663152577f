// Which methods are compared, how the tests of a report are adjusted, ranks within cases, and what sidecars cost.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "grade/comparison.hpp"
#include "grade/efficiency.hpp"
#include "io_fixture.hpp"
#include "metrics/paired_tests.hpp"

using namespace gdm;
using namespace gdm::metrics;
using namespace gdm::grade;

namespace {

using Values = std::vector<std::optional<double>>;
using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

Values shifted(const Values& values, double shift, double growth = 0.0) {
  Values result;
  for (std::size_t c = 0; c < values.size(); ++c) result.emplace_back(*values[c] + shift + growth * double(c));
  return result;
}

const Values base{50, 61, 43, 57, 66, 48, 52, 70};
const std::vector<std::size_t> eight{0, 1, 2, 3, 4, 5, 6, 7};  ///< patients of a case each

Comparisons adjusted(Comparisons comparisons, const std::optional<Endpoint>& primary = std::nullopt) {
  adjust_p_values(primary, comparisons);
  return comparisons;
}

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
  const Comparisons result = adjusted(compare(scores, {Better::lower, Better::nearest_zero}, eight, {{1, 0}}));
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
  CHECK(better_method(mae, Better::lower) == 1);
  CHECK(better_method(mae, Better::higher) == 0);
  CHECK_FALSE(better_method(bias, Better::nearest_zero).has_value());
}

TEST_CASE("comparison: what is counted is patients") {
  const ScoreTable scores{{base, shifted(base, -1.0, -1.0)}};
  const auto first = [&](const std::vector<std::size_t>& patient_of) {
    return compare(scores, {Better::lower}, patient_of, {{1, 0}}).pairs.front();
  };
  const PairComparison one = first(std::vector<std::size_t>(8, 0));  // eight draws of one patient decide nothing
  CHECK(one.cases == 8);
  CHECK(one.patients == 1);
  CHECK(*one.mean_difference == doctest::Approx(-4.5));
  CHECK_FALSE(one.p.has_value());
  CHECK_FALSE(one.interval.has_value());
  const PairComparison seven = first({0, 0, 1, 2, 3, 4, 5, 6});  // differences -1.5, -3, -4 .. -8
  CHECK(seven.patients == 7);
  CHECK(*seven.mean_difference == doctest::Approx(-(1.5 + 3 + 4 + 5 + 6 + 7 + 8) / 7));
  CHECK(*seven.p == 2.0 / 128.0);
  const std::vector<MethodRanks> ranks =
      compare({{{1.0, 1.0, 1.0, 9.0}, {2.0, 2.0, 2.0, 2.0}}}, {Better::lower}, {0, 0, 0, 1}, {}).ranks;
  CHECK(*ranks[0].mean == 1.5);  // each patient weighs the same
  CHECK(*ranks[1].mean == 1.5);
}

TEST_CASE("comparison: the primary endpoint is tested apart from the others") {
  const ScoreTable scores{{base, shifted(base, -1.0, -1.0)}, {base, shifted(base, -2.0, -1.0)}, {base, base}};
  const std::vector<Better> better(3, Better::lower);
  Endpoint second;
  second.metric = 1;
  const Comparisons result = adjusted(compare(scores, better, eight, {{1, 0}}), second);
  CHECK(result.tests == 2);
  CHECK(result.primary_tests == 1);
  CHECK(result.pairs[1].primary);
  CHECK(*result.pairs[1].p_holm == *result.pairs[1].p);
  CHECK_FALSE(result.pairs[0].primary);
  CHECK(*result.pairs[0].p_holm == 2 * *result.pairs[0].p);
  const Comparisons plain = adjusted(compare(scores, better, eight, {{1, 0}}));
  CHECK(plain.tests == 3);
  CHECK(*plain.pairs[0].p_holm == 3 * *plain.pairs[0].p);
}

TEST_CASE("comparison: distances at each level of each encoder") {
  LevelDistances level;
  level.level = "patch";
  level.patients = 8;
  level.methods.resize(2);
  level.methods[0].frechet = 3.0;
  level.methods[1].frechet = 5.0;
  level.methods[0].kernel = 0.5;
  level.frechet_without = {std::vector<double>(8, 3.0), {5.1, 4.9, 5.2, 4.8, 5.1, 4.9, 5.2, 4.8}};
  Comparisons result;
  result.distances = compare_distances({{"e", "", {}, 0, {level, level}}}, {{1, 0}});
  REQUIRE(result.distances.size() == 2);  // the second method has no kernel distance
  Endpoint primary;
  primary.level = 1;
  adjust_p_values(primary, result);
  const DistanceComparison &first = result.distances[0], &second = result.distances[1];
  CHECK(first.difference == 2.0);
  CHECK(*first.corrected == doctest::Approx(2.0));
  CHECK(first.interval->low < 2.0);
  CHECK(first.interval->high > 2.0);
  CHECK_FALSE(first.primary);
  CHECK(second.primary);
  CHECK(second.level == 1);
  CHECK(*second.p_holm == *second.p);
  CHECK((*first.p < 0.05) == (first.interval->low > 0));
  CHECK(better_method(first) == (*first.p < 0.05 ? std::optional<std::size_t>(0) : std::nullopt));
  level.patients = 5;
  CHECK_FALSE(compare_distances({{"e", "", {}, 0, {level}}}, {{1, 0}}).front().p.has_value());
}

TEST_CASE("primary endpoint: metrics, distances, levels, encoders") {
  const std::vector<Metric> metrics = metric_list(Settings());
  const std::vector<std::string> encoders{"grader-ct", "v1.2"};
  CHECK(endpoint_from_text("psnr", metrics, {}).metric == 1);
  CHECK(endpoint_from_text("mae_hu", metrics, {}).metric == 0);
  const Endpoint kernel = endpoint_from_text("kernel.local.v1.2", metrics, encoders);
  CHECK_FALSE(kernel.metric.has_value());
  CHECK(kernel.distance == Distance::kernel);
  CHECK(kernel.level == 2);
  CHECK(kernel.encoder == 1);
  CHECK(endpoint_from_text("frechet", metrics, encoders).level == 0);
  CHECK(endpoint_from_text("frechet.global", metrics, encoders).level == 1);
  for (const char* bad : {"frechet.planet", "frechet.patch.other", "precision", ""}) {
    CHECK_THROWS_AS(endpoint_from_text(bad, metrics, encoders), Error);
  }
  CHECK_THROWS_AS(endpoint_from_text("frechet", metrics, {}), Error);
}

TEST_CASE("comparison: few patients, undefined and infinite values are not tested, one has no interval") {
  Values a = base, b = shifted(base, 1.0);
  a[0] = std::nullopt;
  b[1] = std::numeric_limits<double>::infinity();
  const auto first = [](const Values& x, const Values& y) {
    const std::vector<std::size_t> patient_of(eight.begin(), eight.begin() + static_cast<std::ptrdiff_t>(x.size()));
    return compare({{x, y}}, {Better::lower}, patient_of, {{1, 0}}).pairs.front();
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
  const std::vector<MethodRanks> ranks =
      compare(scores, {Better::lower, Better::higher, Better::lower}, {0, 1}, {}).ranks;
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

TEST_CASE("efficiency: what sidecars say, missing, foreign and broken ones are left out") {
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
