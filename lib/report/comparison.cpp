// The comparison of methods as text and JSON.
#include "report/comparison.hpp"

#include <fmt/format.h>

#include "report/values.hpp"
#include "sys/table.hpp"

namespace gdm::report {
namespace {

std::string comparison_definition(const grade::Comparisons& comparisons) {
  return fmt::format(
      "a minus b over the cases that both have, of absolute values where 0 is best, averaged within patients first; "
      "95 % interval of the mean over patients by Student; Wilcoxon's signed-rank test of patients, two-sided; "
      "{}; fewer than {} patients are not tested",
      adjustment_text(comparisons), grade::comparison_least_patients);
}

std::string distance_definition(const grade::Comparisons& comparisons) {
  return fmt::format(
      "a minus b; corrected, interval and p by the jackknife over patients, who are left out in turn for both methods "
      "and the targets together: corrected is the difference without the bias that few patients give, which is not the "
      "same for both methods; the interval of 95 % by Student and the test allow for a quarter of the correction; {}; "
      "fewer than {} patients are not tested",
      adjustment_text(comparisons), grade::comparison_least_patients);
}

std::string p_text(const std::optional<double>& p) {
  if (!p) return "-";
  return *p < 1e-4 ? fmt::format("{:.1e}", *p) : fmt::format("{:.4f}", *p);
}

std::string better_text(const grade::Grades& grades, const std::optional<std::size_t>& better) {
  return better ? grades.methods[*better].name : "-";
}

/// One side of an interval.
std::optional<double> side_of(const std::optional<metrics::Interval>& interval, double metrics::Interval::*side) {
  return interval ? std::optional<double>((*interval).*side) : std::nullopt;
}

std::string metrics_text(const grade::Grades& grades) {
  const grade::Comparisons& comparisons = grades.comparisons;
  std::vector<Row> rows{{"metric", "a", "b", "cases", "patients", "a - b", "low", "high", "p", "p Holm", "better"}};
  bool tested = false;
  for (const grade::PairComparison& pair : comparisons.pairs) {
    const grade::Metric& metric = grades.metrics[pair.metric];
    tested = tested || pair.p;
    rows.push_back({compared_title(metric) + (pair.primary ? " (primary)" : ""), grades.methods[pair.a].name,
                    grades.methods[pair.b].name, std::to_string(pair.cases), std::to_string(pair.patients),
                    cell(pair.mean_difference, metric.decimals),
                    cell(side_of(pair.interval, &metrics::Interval::low), metric.decimals),
                    cell(side_of(pair.interval, &metrics::Interval::high), metric.decimals), p_text(pair.p),
                    p_text(pair.p_holm), better_text(grades, grade::better_method(pair, metric.better))});
  }
  std::string text = "\ncomparison:\n" + aligned(rows, 3, 10);
  if (!tested) text += fmt::format("no pair has the {} patients that a test needs\n", grade::comparison_least_patients);
  return text + "comparison: " + comparison_definition(comparisons) + "\n";
}

std::string distances_text(const grade::Grades& grades) {
  const auto significant = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.4g}", *value) : "-";
  };
  std::vector<Row> rows{{"encoder", "level", "distance", "a", "b", "patients", "a - b", "corrected", "low", "high", "p",
                         "p Holm", "better"}};
  for (const grade::DistanceComparison& pair : grades.comparisons.distances) {
    const grade::EncoderDistances& encoder = grades.encoders[pair.encoder];
    rows.push_back({encoder.name, encoder.levels[pair.level].level,
                    grade::name_of(pair.distance) + (pair.primary ? " (primary)" : ""), grades.methods[pair.a].name,
                    grades.methods[pair.b].name, std::to_string(pair.patients), significant(pair.difference),
                    significant(pair.corrected), significant(side_of(pair.interval, &metrics::Interval::low)),
                    significant(side_of(pair.interval, &metrics::Interval::high)), p_text(pair.p), p_text(pair.p_holm),
                    better_text(grades, grade::better_method(pair))});
  }
  return "\ncomparison of distances:\n" + aligned(rows, 5, 12) +
         "comparison of distances: " + distance_definition(grades.comparisons) + "\n";
}

/// What both kinds of pairs say last.
template <class Pair>
void add_judgement(const grade::Grades& grades, const Pair& pair, const std::optional<std::size_t>& better,
                   Json& entry) {
  entry["interval"] = interval_json(pair.interval);
  entry["p"] = number(pair.p);
  entry["p_holm"] = number(pair.p_holm);
  entry["primary"] = pair.primary;
  entry["better"] = better ? Json(grades.methods[*better].name) : Json(nullptr);
}

Json metric_pairs_json(const grade::Grades& grades) {
  Json pairs = Json::array();
  for (const grade::PairComparison& pair : grades.comparisons.pairs) {
    const auto better = grade::better_method(pair, grades.metrics[pair.metric].better);
    pairs.push_back({{"metric", grades.metrics[pair.metric].key},
                     {"a", grades.methods[pair.a].name},
                     {"b", grades.methods[pair.b].name},
                     {"n", pair.cases},
                     {"patients", pair.patients},
                     {"mean_difference", number(pair.mean_difference)}});
    add_judgement(grades, pair, better, pairs.back());
  }
  return pairs;
}

Json distance_pairs_json(const grade::Grades& grades) {
  Json pairs = Json::array();
  for (const grade::DistanceComparison& pair : grades.comparisons.distances) {
    const grade::EncoderDistances& encoder = grades.encoders[pair.encoder];
    const auto better = grade::better_method(pair);
    pairs.push_back({{"encoder", encoder.name},
                     {"level", encoder.levels[pair.level].level},
                     {"distance", grade::name_of(pair.distance)},
                     {"a", grades.methods[pair.a].name},
                     {"b", grades.methods[pair.b].name},
                     {"patients", pair.patients},
                     {"difference", number(pair.difference)},
                     {"corrected", number(pair.corrected)}});
    add_judgement(grades, pair, better, pairs.back());
  }
  return pairs;
}

}  // namespace

std::string compared_title(const grade::Metric& metric) {
  if (metric.better == grade::Better::nearest_zero) return "|" + metric.title + "|";
  return metric.better == grade::Better::nearest_one ? "|" + metric.title + " - 1|" : metric.title;
}

std::string adjustment_text(const grade::Comparisons& comparisons) {
  const std::string others = fmt::format("p adjusted by Holm over {} tests", comparisons.tests);
  if (comparisons.primary_tests == 0) return others;
  return comparisons.primary_tests == 1
             ? fmt::format("{}, that of the primary endpoint not adjusted", others)
             : fmt::format("{}, those of the primary endpoint apart over its {}", others, comparisons.primary_tests);
}

std::string comparison_text(const grade::Grades& grades) {
  return metrics_text(grades) + (grades.comparisons.distances.empty() ? "" : distances_text(grades));
}

void add_comparisons(const grade::Grades& grades, Json& report) {
  const grade::Comparisons& comparisons = grades.comparisons;
  report["statistics"]["comparisons"] = comparison_definition(comparisons);
  report["statistics"]["tests"] = comparisons.tests;
  report["statistics"]["primary_tests"] = comparisons.primary_tests;
  report["comparisons"] = metric_pairs_json(grades);
  if (comparisons.distances.empty()) return;
  report["statistics"]["distance_comparisons"] = distance_definition(comparisons);
  report["distance_comparisons"] = distance_pairs_json(grades);
}

}  // namespace gdm::report
