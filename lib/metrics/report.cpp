// Grades as text: a table for people, JSON and TSV for programs.
#include "metrics/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "metrics/summary.hpp"

namespace gdm::metrics {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

Json number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Summary summary_of(const MethodGrades& method, std::size_t metric) {
  std::vector<std::optional<double>> values;
  for (const CaseGrades& c : method.cases) values.push_back(c.values[metric]);
  return summarize(values);
}

std::string cell(const std::optional<double>& value, int decimals) {
  if (!value) return "-";
  const std::string text = fmt::format("{:.{}f}", *value, decimals);
  return text.find_first_not_of("-0.") == std::string::npos && text[0] == '-' ? text.substr(1) : text;
}

/// Columns padded to their widest cell; the first `left` of them to the left, the others to the right.
std::string aligned(const std::vector<Row>& rows, std::size_t left) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      line += fmt::format(c < left ? "{:<{}}" : "{:>{}}", row[c], widths[c]) + "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

void add_statistics(const Grades& grades, const MethodGrades& method, std::vector<Row>& rows) {
  Row mean{method.name, "mean"}, sd{"", "SD"}, median{"", "median"}, iqr{"", "IQR"}, n{"", "n"};
  for (std::size_t m = 0; m < grades.metrics.size(); ++m) {
    const Summary s = summary_of(method, m);
    const int decimals = grades.metrics[m].decimals;
    mean.push_back(cell(s.mean, decimals));
    sd.push_back(cell(s.sd, decimals));
    median.push_back(cell(s.median, decimals));
    iqr.push_back(cell(s.iqr(), decimals));
    n.push_back(std::to_string(s.n));
  }
  rows.insert(rows.end(), {mean, sd, median, iqr, n});
}

std::string distances_text(const Grades& grades) {
  std::string text;
  for (const EncoderDistances& encoder : grades.encoders) {
    text += fmt::format("\nFrechet distance, encoder {} ({} dimensions, {} windows):\n", encoder.name, encoder.dims,
                        encoder.windows);
    std::vector<Row> rows;
    for (std::size_t m = 0; m < grades.methods.size(); ++m) {
      rows.push_back({"  " + grades.methods[m].name, cell(encoder.distances[m], 4)});
    }
    text += aligned(rows, 1);
  }
  if (!grades.bank) return text;
  text += fmt::format("\nDistances to the real features of bank {} (Frechet per channel, squared kernel distance):\n",
                      grades.bank->name);
  std::vector<Row> rows{{""}};
  for (const BankDistances::Level& level : grades.bank->levels) {
    rows[0].insert(rows[0].end(), {level.name + " Frechet", "kernel"});
  }
  for (std::size_t m = 0; m <= grades.methods.size(); ++m) {
    Row row{"  " + (m < grades.methods.size() ? grades.methods[m].name : "(targets)")};
    for (const BankDistances::Level& level : grades.bank->levels) {
      row.insert(row.end(), {cell(level.frechet[m], 4), cell(level.kernel[m], 4)});
    }
    rows.push_back(row);
  }
  return text + aligned(rows, 1);
}

Json bank_json(const Grades& grades) {
  Json json{{"bank", grades.bank->name}, {"sha256", grades.bank->digest}};
  for (const BankDistances::Level& level : grades.bank->levels) {
    for (std::size_t m = 0; m <= grades.methods.size(); ++m) {
      const bool target = m == grades.methods.size();
      Json& place = target ? json["targets"][level.name] : json["methods"][grades.methods[m].name][level.name];
      place = {{"frechet_per_channel", number(level.frechet[m])}, {"kernel", number(level.kernel[m])}};
    }
  }
  return json;
}

}  // namespace

std::string table_text(const Grades& grades) {
  Row heading{"method", "case"};
  for (const Metric& metric : grades.metrics) heading.push_back(metric.title);
  std::vector<Row> rows{heading};
  for (const MethodGrades& method : grades.methods) {
    for (const CaseGrades& c : method.cases) {
      Row row{method.name, c.id};
      for (std::size_t m = 0; m < grades.metrics.size(); ++m)
        row.push_back(cell(c.values[m], grades.metrics[m].decimals));
      rows.push_back(row);
    }
  }
  rows.emplace_back();
  for (const MethodGrades& method : grades.methods) add_statistics(grades, method, rows);
  std::string text = aligned(rows, 2) + distances_text(grades) + "\n";
  for (const Metric& metric : grades.metrics) text += fmt::format("{}: {}\n", metric.title, metric.definition);
  for (const MethodGrades& method : grades.methods) {
    if (!method.note.empty()) text += fmt::format("{}: {}\n", method.name, method.note);
  }
  for (const SkippedCase& skipped : grades.skipped) text += fmt::format("skipped {}: {}\n", skipped.id, skipped.reason);
  return text;
}

Json report_json(const Grades& grades, const Json& provenance) {
  Json report{{"gdm_metrics", 1}, {"hu_range", {grades.range.low_hu, grades.range.high_hu}}};
  report["definitions"] = Json::object();
  for (const Metric& metric : grades.metrics) report["definitions"][metric.key] = metric.definition;
  report["methods"] = Json::array();
  for (const MethodGrades& method : grades.methods) {
    Json entry{{"name", method.name}};
    if (!method.note.empty()) entry["note"] = method.note;
    for (std::size_t m = 0; m < grades.metrics.size(); ++m) {
      const Summary s = summary_of(method, m);
      entry["aggregate"][grades.metrics[m].key] = {{"mean", number(s.mean)},
                                                   {"sd", number(s.sd)},
                                                   {"median", number(s.median)},
                                                   {"q1", number(s.q1)},
                                                   {"q3", number(s.q3)},
                                                   {"iqr", number(s.iqr())},
                                                   {"n", s.n}};
    }
    entry["cases"] = Json::array();
    for (const CaseGrades& c : method.cases) {
      Json row{{"id", c.id}, {"mask_voxels", c.mask_voxels}};
      for (std::size_t m = 0; m < grades.metrics.size(); ++m) row[grades.metrics[m].key] = number(c.values[m]);
      if (!c.notes.empty()) row["notes"] = c.notes;
      entry["cases"].push_back(std::move(row));
    }
    report["methods"].push_back(std::move(entry));
  }
  report["frechet"] = Json::array();
  for (const EncoderDistances& encoder : grades.encoders) {
    Json distances = Json::object();
    for (std::size_t m = 0; m < grades.methods.size(); ++m) {
      distances[grades.methods[m].name] = number(encoder.distances[m]);
    }
    report["frechet"].push_back({{"encoder", encoder.name},
                                 {"sha256", encoder.digest},
                                 {"dims", encoder.dims},
                                 {"windows", encoder.windows},
                                 {"distance", distances},
                                 {"description", encoder.description}});
  }
  if (grades.bank) report["bank"] = bank_json(grades);
  report["skipped"] = Json::array();
  for (const SkippedCase& skipped : grades.skipped) {
    report["skipped"].push_back({{"id", skipped.id}, {"error", skipped.reason}});
  }
  report["provenance"] = provenance;
  return report;
}

std::string tsv_text(const Grades& grades) {
  std::string text = "method\tcase\tmask_voxels";
  for (const Metric& metric : grades.metrics) text += "\t" + metric.key;
  text += "\n";
  for (const MethodGrades& method : grades.methods) {
    for (const CaseGrades& c : method.cases) {
      text += fmt::format("{}\t{}\t{}", method.name, c.id, c.mask_voxels);
      for (const auto& value : c.values) text += value ? fmt::format("\t{}", *value) : "\t";
      text += "\n";
    }
  }
  return text;
}

}  // namespace gdm::metrics
