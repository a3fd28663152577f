// Grades as text: everything as tables for people, JSON and TSV for programs.
#include "report/report.hpp"

#include <fmt/format.h>

#include "report/distribution.hpp"
#include "report/statistics.hpp"
#include "report/values.hpp"
#include "sys/table.hpp"

namespace gdm::report {
namespace {

/// Columns that stand side by side.
using Columns = std::vector<std::size_t>;

/// One table, or one for each block of metrics if all together would be too wide for a terminal.
std::vector<Columns> tables_of(const grade::Grades& grades) {
  constexpr std::size_t most = 10;
  std::vector<Columns> tables;
  for (std::size_t m = 0; m < grades.metrics.size(); ++m) {
    const bool split = grades.metrics.size() > most;
    const bool next =
        m == 0 || (split && (grades.metrics[m].block != grades.metrics[m - 1].block || tables.back().size() == most));
    if (next) tables.emplace_back();
    tables.back().push_back(m);
  }
  return tables;
}

void add_aggregates(const grade::Grades& grades, const grade::MethodGrades& method, const Columns& columns,
                    std::vector<Row>& rows) {
  Row mean{method.name, "mean"}, sd{"", "SD"}, median{"", "median"}, iqr{"", "IQR"}, interval{"", "95 %"};
  Row patients{"", "patients"}, cases{"", "cases"};
  for (const std::size_t m : columns) {
    const grade::Aggregate& aggregate = method.aggregates[m];
    const metrics::Summary& s = aggregate.over_patients;
    const int decimals = grades.metrics[m].decimals;
    mean.push_back(cell(s.mean, decimals));
    sd.push_back(cell(s.sd, decimals));
    median.push_back(cell(s.median, decimals));
    iqr.push_back(cell(s.iqr(), decimals));
    interval.push_back(cell(aggregate.mean_interval, decimals));
    patients.push_back(std::to_string(s.n));
    cases.push_back(share_text(aggregate.cases, method.cases.size()));
  }
  rows.insert(rows.end(), {mean, interval, sd, median, iqr, patients, cases});
}

std::string columns_text(const grade::Grades& grades, const Columns& columns) {
  Row heading{"method", "case"};
  for (const std::size_t m : columns) heading.push_back(grades.metrics[m].title);
  std::vector<Row> rows{heading};
  for (const grade::MethodGrades& method : grades.methods) {
    for (const grade::CaseGrades& c : method.cases) {
      Row row{method.name, c.id};
      for (const std::size_t m : columns) row.push_back(cell(c.values[m], grades.metrics[m].decimals));
      rows.push_back(row);
    }
  }
  rows.emplace_back();
  for (const grade::MethodGrades& method : grades.methods) add_aggregates(grades, method, columns, rows);
  return aligned(rows, 2);
}

Json metrics_json(const grade::Grades& grades) {
  Json json = Json::object();
  for (const grade::Metric& metric : grades.metrics) {
    json[metric.key] = {{"title", metric.title},
                        {"block", metric.block},
                        {"decimals", metric.decimals},
                        {"better", grade::name_of(metric.better)},
                        {"definition", metric.definition}};
  }
  return json;
}

Json gates_json(const grade::Grades& grades) {
  Json gates = Json::array();
  for (const grade::GateResult& result : grades.gates) {
    gates.push_back({{"method", result.method},
                     {"metric", result.gate.key},
                     {result.gate.under ? "fail_under" : "fail_over", result.gate.bound},
                     {"mean", number(result.mean)},
                     {"cases", result.cases},
                     {"undefined", result.left_out.undefined},
                     {"infinite", result.left_out.infinite},
                     {"passed", result.passed}});
  }
  return gates;
}

}  // namespace

std::string left_out_text(const grade::Grades& grades) {
  std::string text;
  for (const grade::MethodGrades& method : grades.methods) {
    for (std::size_t m = 0; m < grades.metrics.size(); ++m) {
      const std::string left = metrics::describe(method.aggregates[m].left_out, method.cases.size());
      if (!left.empty())
        text += fmt::format("left out of means: {}, {}: {}\n", method.name, grades.metrics[m].title, left);
    }
  }
  return text;
}

std::string outcome_text(const grade::Grades& grades) {
  std::string text;
  for (const grade::SkippedCase& skipped : grades.skipped)
    text += fmt::format("skipped {}: {}\n", skipped.id, skipped.reason);
  for (const grade::GateResult& gate : grades.gates) {
    text += fmt::format("gate {}: {}\n", gate.passed ? "passed" : "missed", grade::describe(gate));
  }
  return text;
}

std::string full_text(const grade::Grades& grades) {
  const std::vector<Columns> tables = tables_of(grades);
  std::string text;
  for (const Columns& columns : tables) {
    if (tables.size() > 1) {
      text += fmt::format("{}{}:\n", text.empty() ? "" : "\n", grades.metrics[columns.front()].block);
    }
    text += columns_text(grades, columns);
  }
  text += distribution_text(grades);
  text += statistics_text(grades) + "\n";
  text += fmt::format(
      "{}, {}, seed {}; aggregates are over patients, whose cases are averaged first; 95 %: Student's interval of the "
      "mean\n",
      counted(grades.patients, "patient"), counted(grades.methods.front().cases.size(), "case"), grades.seed);
  text += left_out_text(grades);
  text += fmt::format("profile: {}\n", grade::name_of(grades.settings.profile));
  for (const grade::Metric& metric : grades.metrics) text += fmt::format("{}: {}\n", metric.title, metric.definition);
  for (const grade::MethodGrades& method : grades.methods) {
    if (!method.note.empty()) text += fmt::format("{}: {}\n", method.name, method.note);
    for (const grade::CaseGrades& c : method.cases) {
      for (const std::string& note : c.notes) text += fmt::format("{}, {}: {}\n", method.name, c.id, note);
    }
  }
  text += outcome_text(grades);
  return text;
}

Json report_json(const grade::Grades& grades, const Json& provenance) {
  const metrics::HuRange& range = grades.settings.range;
  Json report{{"gdm_metrics", 1},
              {"profile", grade::name_of(grades.settings.profile)},
              {"hu_range", {range.low_hu, range.high_hu}},
              {"patients", grades.patients},
              {"cases", grades.methods.front().cases.size()},
              {"seed", grades.seed}};
  if (const auto& penalty = grades.settings.undefined_distance_mm) report["undefined_distance_mm"] = *penalty;
  report["metrics"] = metrics_json(grades);
  report["methods"] = Json::array();
  for (const grade::MethodGrades& method : grades.methods) {
    Json entry{{"name", method.name}};
    if (!method.note.empty()) entry["note"] = method.note;
    for (std::size_t m = 0; m < grades.metrics.size(); ++m) {
      const grade::Aggregate& aggregate = method.aggregates[m];
      const metrics::Summary& s = aggregate.over_patients;
      entry["aggregate"][grades.metrics[m].key] = {{"mean", number(s.mean)},
                                                   {"mean_interval", interval_json(aggregate.mean_interval)},
                                                   {"sd", number(s.sd)},
                                                   {"median", number(s.median)},
                                                   {"q1", number(s.q1)},
                                                   {"q3", number(s.q3)},
                                                   {"iqr", number(s.iqr())},
                                                   {"n", aggregate.cases},
                                                   {"patients", s.n},
                                                   {"undefined", aggregate.left_out.undefined},
                                                   {"infinite", aggregate.left_out.infinite}};
    }
    entry["cases"] = Json::array();
    for (const grade::CaseGrades& c : method.cases) {
      Json row{{"id", c.id}, {"patient", c.patient}, {"mask_voxels", c.mask_voxels}};
      for (std::size_t m = 0; m < grades.metrics.size(); ++m) row[grades.metrics[m].key] = number(c.values[m]);
      if (!c.notes.empty()) row["notes"] = c.notes;
      entry["cases"].push_back(std::move(row));
    }
    report["methods"].push_back(std::move(entry));
  }
  report["distribution"] = distribution_json(grades);
  if (Json spectra = spectra_json(grades); !spectra.is_null()) report["spectra"] = std::move(spectra);
  if (Json calibration = calibration_json(grades); !calibration.is_null())
    report["calibration"] = std::move(calibration);
  if (grades.bank) report["bank"] = bank_json(grades);
  add_statistics(grades, report);
  report["skipped"] = Json::array();
  for (const grade::SkippedCase& skipped : grades.skipped) {
    report["skipped"].push_back({{"id", skipped.id}, {"error", skipped.reason}});
  }
  if (!grades.gates.empty()) report["gates"] = gates_json(grades);
  report["provenance"] = provenance;
  return report;
}

std::string tsv_text(const grade::Grades& grades) {
  std::string text = "method\tcase\tpatient\tmask_voxels";
  for (const grade::Metric& metric : grades.metrics) text += "\t" + metric.key;
  text += "\n";
  for (const grade::MethodGrades& method : grades.methods) {
    for (const grade::CaseGrades& c : method.cases) {
      text += fmt::format("{}\t{}\t{}\t{}", method.name, c.id, c.patient, c.mask_voxels);
      for (const auto& value : c.values) text += value ? fmt::format("\t{}", *value) : "\t";
      text += "\n";
    }
  }
  return text;
}

}  // namespace gdm::report
