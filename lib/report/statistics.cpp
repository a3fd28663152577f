// Ranks of methods and what they cost, as text and JSON; their comparison is report_comparison.cpp.
#include "report/statistics.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "report/comparison.hpp"
#include "report/values.hpp"
#include "sys/table.hpp"

namespace gdm::report {
namespace {

const char* const rank_definition =
    "rank among the methods within each case (1 is best, ties share their mean, an undefined value is last), mean over "
    "the cases of a patient, over patients, then over the metrics of this report, which weigh the same";

const char* const efficiency_definition =
    "from the sidecars of gdm-synth and gdm-recon: median seconds per volume without its reading and writing, network "
    "evaluations per volume, largest resident memory of the process in 10^6 bytes (without device memory)";

std::string rank_text(const grade::Grades& grades) {
  const std::vector<grade::MethodRanks>& ranks = grades.comparisons.ranks;
  std::vector<std::size_t> order(ranks.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return ranks[a].mean.value_or(0.0) < ranks[b].mean.value_or(0.0);
  });
  std::vector<Row> rows{{"method", "mean rank"}};
  constexpr std::size_t most = 10;  // metrics that fit a terminal; JSON has all
  const bool wide = grades.metrics.size() > most;
  for (std::size_t m = 0; m < grades.metrics.size() && !wide; ++m) rows[0].push_back(grades.metrics[m].title);
  for (const std::size_t method : order) {
    Row row{grades.methods[method].name, cell(ranks[method].mean, 2)};
    for (std::size_t m = 0; m < grades.metrics.size() && !wide; ++m)
      row.push_back(cell(ranks[method].per_metric[m], 2));
    rows.push_back(std::move(row));
  }
  return "\nranks:\n" + aligned(rows, 1) + "ranks: " + rank_definition + "\n";
}

std::string names_text(const std::vector<std::string>& names) {
  return names.empty() ? "-" : fmt::format("{}", fmt::join(names, ","));
}

std::string efficiency_text(const grade::Grades& grades) {
  std::vector<Row> rows{{"method", "n", "s", "IQR", "evaluations", "IQR", "memory/MB", "device", "model"}};
  std::string notes;
  bool any = false;
  for (std::size_t m = 0; m < grades.efficiency.size(); ++m) {
    const grade::Efficiency& e = grades.efficiency[m];
    any = any || e.cases > 0;
    std::vector<std::string> models;
    for (const std::string& digest : e.models) models.push_back(digest.substr(0, 12));
    rows.push_back({grades.methods[m].name, std::to_string(e.cases), cell(e.seconds.median, 3),
                    cell(e.seconds.iqr(), 3), cell(e.evaluations.median, 0), cell(e.evaluations.iqr(), 0),
                    cell(e.peak_memory_mb_max, 0), names_text(e.devices), names_text(models)});
    if (e.cases < e.volumes) {
      notes += fmt::format("{}: {} of {} volumes have no sidecar that says what they cost\n", grades.methods[m].name,
                           e.volumes - e.cases, e.volumes);
    }
    for (const std::string& note : e.notes) notes += fmt::format("{}: {}\n", grades.methods[m].name, note);
  }
  if (!any) return "\nefficiency: no volume has a sidecar that says what it cost\n";
  return "\nefficiency:\n" + aligned(rows, 1, 7) + notes + "efficiency: " + efficiency_definition + "\n";
}

Json ranks_json(const grade::Grades& grades) {
  Json ranks{{"metrics", Json::array()}, {"methods", Json::object()}};
  for (const grade::Metric& metric : grades.metrics) ranks["metrics"].push_back(metric.key);
  for (std::size_t m = 0; m < grades.methods.size(); ++m) {
    Json per_metric = Json::array();
    for (const auto& rank : grades.comparisons.ranks[m].per_metric) per_metric.push_back(number(rank));
    ranks["methods"][grades.methods[m].name] = {{"mean_rank", number(grades.comparisons.ranks[m].mean)},
                                                {"per_metric", std::move(per_metric)}};
  }
  return ranks;
}

Json efficiency_json(const grade::Grades& grades) {
  Json methods = Json::object();
  for (std::size_t m = 0; m < grades.efficiency.size(); ++m) {
    const grade::Efficiency& e = grades.efficiency[m];
    methods[grades.methods[m].name] = {{"cases", e.cases},
                                       {"volumes", e.volumes},
                                       {"seconds_median", number(e.seconds.median)},
                                       {"seconds_iqr", number(e.seconds.iqr())},
                                       {"evaluations_median", number(e.evaluations.median)},
                                       {"evaluations_iqr", number(e.evaluations.iqr())},
                                       {"peak_memory_mb_max", number(e.peak_memory_mb_max)},
                                       {"device", e.devices.empty() ? Json(nullptr) : Json(names_text(e.devices))},
                                       {"tool", e.tools.empty() ? Json(nullptr) : Json(names_text(e.tools))},
                                       {"model_sha256", e.models}};
  }
  return {{"methods", std::move(methods)}};
}

}  // namespace

std::string statistics_text(const grade::Grades& grades) {
  std::string text;
  if (grades.methods.size() > 1) text = comparison_text(grades) + rank_text(grades);
  return text + efficiency_text(grades);
}

void add_statistics(const grade::Grades& grades, Json& report) {
  report["statistics"] = Json::object();
  if (grades.methods.size() > 1) {
    add_comparisons(grades, report);
    report["statistics"]["ranks"] = rank_definition;
    report["ranks"] = ranks_json(grades);
  }
  report["statistics"]["efficiency"] = efficiency_definition;
  report["efficiency"] = efficiency_json(grades);
}

}  // namespace gdm::report
