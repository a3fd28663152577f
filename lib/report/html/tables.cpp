// Tables over methods: summary, gates, comparisons, ranks, efficiency.
#include "report/html/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "report/html/text.hpp"

namespace gdm::report {
namespace {

std::string preference(const std::string& better) {
  if (better == "lower") return " \u2193";
  if (better == "higher") return " \u2191";
  return better == "zero" ? " \u21920" : "";
}

/// Whether no method's mean is better, with more than one to choose from and all over as many cases.
bool is_best(const ShownReport& report, std::size_t method, const ShownMetric& metric) {
  if (metric.better.empty() || report.methods.size() < 2) return false;
  const auto merit = [&](const ShownMethod& m) -> std::optional<double> {
    const auto mean = holds(m.aggregate, metric.key) ? number_at(m.aggregate[metric.key], "mean") : std::nullopt;
    if (!mean) return std::nullopt;
    return metric.better == "higher" ? *mean : metric.better == "zero" ? -std::abs(*mean) : -*mean;
  };
  const auto cases = [&](const ShownMethod& m) {
    return holds(m.aggregate, metric.key) ? number_at(m.aggregate[metric.key], "n") : std::nullopt;
  };
  const bool comparable = std::all_of(report.methods.begin(), report.methods.end(), [&](const ShownMethod& other) {
    return cases(other) == cases(report.methods[method]);
  });
  if (!comparable) return false;
  const auto own = merit(report.methods[method]);
  return own && std::none_of(report.methods.begin(), report.methods.end(), [&](const ShownMethod& other) {
           const auto its = merit(other);
           return its && *its > *own;
         });
}

std::string interval_text(const Json& interval, int decimals) {
  if (!interval.is_array() || interval.size() != 2) return "";
  return fmt::format(" [{}, {}]", decimal(number_of(interval[0]), decimals), decimal(number_of(interval[1]), decimals));
}

/// Mean and SD, below them median and quartiles.
std::string summary_cell(const ShownReport& report, std::size_t method, const ShownMetric& metric) {
  const Json s = report.methods[method].aggregate.value(metric.key, Json::object());
  const int d = metric.decimals;
  const auto sd = number_at(s, "sd");
  std::string mean = decimal(number_at(s, "mean"), d) + (sd ? " \u00b1 " + decimal(sd, d) : "");
  const double n = number_at(s, "n").value_or(0);
  if (n != static_cast<double>(report.cases.size())) mean += fmt::format(" ({:g} of {})", n, report.cases.size());
  const bool best = is_best(report, method, metric);
  // On a line of its own, or two methods would not stand side by side on a phone.
  const std::string interval = interval_text(s.value("mean_interval", Json()), d);
  return fmt::format("<td class=\"num\"><span{}>{}{}</span>{}<br/><small>{} [{}, {}]</small></td>",
                     best ? " class=\"best\"" : "", best ? "<b class=\"mark\">best</b> " : "", escape(mean),
                     interval.empty() ? "" : "<br/><small>95 %" + interval + "</small>",
                     decimal(number_at(s, "median"), d), decimal(number_at(s, "q1"), d),
                     decimal(number_at(s, "q3"), d));
}

std::string key_title(const std::string& key) {
  static const std::map<std::string, std::string> titles{{"cases", "cases"},
                                                         {"seconds_median", "median time / s"},
                                                         {"seconds_max", "longest time / s"},
                                                         {"evaluations_median", "median network evaluations"},
                                                         {"peak_memory_mb_max", "peak memory / MB"},
                                                         {"peak_memory_mib_max", "peak memory / MiB"},
                                                         {"device", "device"}};
  const auto known = titles.find(key);
  if (known != titles.end()) return known->second;
  std::string title = key;
  std::replace(title.begin(), title.end(), '_', ' ');
  return title;
}

/// Values that are best at 0 or 1 are compared by their distance from there (grade/comparison.hpp).
std::string compared_title(const ShownReport& report, const std::string& key) {
  const std::string title = report.title(key), better = report.better(key);
  return better == "zero" ? "|" + title + "|" : better == "one" ? "|" + title + " \u2212 1|" : title;
}

/// Which of the two a difference A - B speaks for, once it is larger than chance.
std::string favoured(const ShownReport& report, const Json& row) {
  const auto p = number_at(row, "p_holm"), difference = number_at(row, "mean_difference");
  const std::string better = report.better(text_at(row, "metric"));
  if (!p || !difference || *p >= 0.05 || better.empty()) return "";
  return text_at(row, (*difference < 0) == (better != "higher") ? "a" : "b");
}

std::string better_cell(const std::string& method) {
  return cell(method.empty() ? "\u2013" : method, method.empty() ? "text" : "text best");
}

std::string primary_mark(const Json& row) {
  return row.value("primary", false) ? " (primary)" : "";
}

std::string compared_metrics(const ShownReport& report) {
  std::string body;
  for (const Json& row : report.json["comparisons"]) {
    const std::string key = text_at(row, "metric");
    const int decimals = report.decimals(key);
    const Json interval = row.value("interval", Json());
    body += "<tr>" + row_head(compared_title(report, key) + primary_mark(row)) + cell(text_at(row, "a"), "text") +
            cell(text_at(row, "b"), "text") + cell(text_at(row, "n")) + cell(text_at(row, "patients")) +
            cell(decimal(number_at(row, "mean_difference"), decimals) + interval_text(interval, decimals)) +
            cell(short_number(number_at(row, "p"))) + cell(short_number(number_at(row, "p_holm"))) +
            better_cell(favoured(report, row)) + "</tr>\n";
  }
  std::string head;
  for (const char* title : {"metric", "A", "B"}) head += head_cell(title, "text");
  for (const char* title : {"cases", "patients", "mean of A \u2212 B [95 %]", "p", "p (Holm)"})
    head += head_cell(title);
  head += head_cell("better", "text");
  return table_box("Differences between methods, patient by patient", "<tr>" + head + "</tr>", body, "striped");
}

std::string compared_distances(const ShownReport& report) {
  std::string body;
  for (const Json& row : report.json["distance_comparisons"]) {
    const Json interval = row.value("interval", Json());
    std::string corrected = short_number(number_at(row, "corrected"));
    if (interval.is_array() && interval.size() == 2) {
      corrected += " [" + short_number(number_of(interval[0])) + ", " + short_number(number_of(interval[1])) + "]";
    }
    body += "<tr>" + row_head(text_at(row, "encoder")) + cell(text_at(row, "level"), "text") +
            cell((text_at(row, "distance") == "frechet" ? "Fr\u00e9chet" : "kernel") + primary_mark(row), "text") +
            cell(text_at(row, "a"), "text") + cell(text_at(row, "b"), "text") + cell(text_at(row, "patients")) +
            cell(short_number(number_at(row, "difference"))) + cell(corrected) +
            cell(short_number(number_at(row, "p"))) + cell(short_number(number_at(row, "p_holm"))) +
            better_cell(text_at(row, "better")) + "</tr>\n";
  }
  std::string head;
  for (const char* title : {"encoder", "level", "distance", "A", "B"}) head += head_cell(title, "text");
  for (const char* title : {"patients", "A \u2212 B", "without bias [95 %]", "p", "p (Holm)"}) head += head_cell(title);
  head += head_cell("better", "text");
  return "<h3>Distances between distributions</h3>\n" +
         table_box("Differences between methods in their distances to the targets", "<tr>" + head + "</tr>", body,
                   "striped") +
         "<p class=\"hint\">Without bias: by the jackknife over patients, since few patients make a Fr\u00e9chet "
         "distance too large, and not equally for all methods.</p>\n";
}

}  // namespace

std::string summary_section(const ShownReport& report) {
  std::string head = head_cell("metric"), body;
  std::string hint =
      "Mean \u00b1 SD over patients, whose cases are averaged first; below, the 95 % interval of the mean, and median "
      "[first, third quartile].";
  for (const ShownMethod& method : report.methods) head += head_cell(method.name);
  bool judged = false;
  for (const ShownMetric& metric : report.metrics) {
    body += "<tr>" + row_head(metric.title + preference(metric.better));
    for (std::size_t m = 0; m < report.methods.size(); ++m) body += summary_cell(report, m, metric);
    body += "</tr>\n";
    judged = judged || !metric.better.empty();
  }
  if (judged) hint += " \u2193 lower is better, \u2191 higher is better, \u21920 best near zero.";
  return section("summary", "Summary",
                 table_box("Each metric over all patients", "<tr>" + head + "</tr>", body, "striped") +
                     "<p class=\"hint\">" + hint + "</p>\n");
}

/// " (7 of 9)" where the mean that was judged leaves out cases.
std::string judged_cases(const Json& gate) {
  const double cases = number_at(gate, "cases").value_or(0);
  const double left = number_at(gate, "undefined").value_or(0) + number_at(gate, "infinite").value_or(0);
  return left > 0 ? fmt::format(" ({:g} of {:g})", cases - left, cases) : "";
}

std::string gates_section(const ShownReport& report) {
  if (!holds(report.json, "gates")) return "";
  std::string body;
  for (const Json& gate : report.json["gates"]) {
    const bool under = gate.contains("fail_under"), passed = gate.value("passed", false);
    const std::string key = text_at(gate, "metric");
    body += "<tr>" + row_head(text_at(gate, "method")) + cell(report.title(key), "text") +
            cell(decimal(number_at(gate, "mean"), report.decimals(key)) + judged_cases(gate)) +
            cell(fmt::format("{} {}", under ? "at least" : "at most",
                             plain_text(gate.at(under ? "fail_under" : "fail_over"))),
                 "text") +
            cell(passed ? "passed" : "missed", passed ? "text" : "text bad") + "</tr>\n";
  }
  const std::string head = head_cell("method") + head_cell("metric", "text") + head_cell("mean") +
                           head_cell("wanted", "text") + head_cell("result", "text");
  return section("gates", "Quality gates", table_box("Quality gates", "<tr>" + head + "</tr>", body));
}

std::string comparisons_section(const ShownReport& report) {
  std::string tables;
  if (holds(report.json, "comparisons")) tables = compared_metrics(report);
  if (holds(report.json, "distance_comparisons")) tables += compared_distances(report);
  if (tables.empty()) return "";
  return section("comparisons", "Paired comparisons",
                 tables +
                     "<p class=\"hint\">A method is named better if the corrected p (Holm) is below 0.05; the primary "
                     "endpoint is corrected apart, which is not at all for two methods. A small p says that a "
                     "difference is not chance, not that it matters.</p>\n");
}

std::string ranks_section(const ShownReport& report) {
  if (!holds(report.json, "ranks") || !holds(report.json["ranks"], "methods")) return "";
  const Json& ranks = report.json["ranks"];
  const Json keys = ranks.value("metrics", Json::array());
  std::string head = head_cell("method") + head_cell("mean rank"), body;
  for (const Json& key : keys) head += head_cell(report.title(plain_text(key)));
  std::vector<std::pair<double, std::string>> rows;
  for (const auto& item : ranks["methods"].items()) {
    const auto mean = number_at(item.value(), "mean_rank");
    std::string row = row_head(item.key()) + cell(short_number(mean));
    const Json each = item.value().value("per_metric", Json::array());
    for (std::size_t n = 0; n < keys.size(); ++n) {
      row += cell(n < each.size() ? short_number(number_of(each[n])) : "\u2013");
    }
    rows.emplace_back(mean.value_or(1e300), "<tr>" + row + "</tr>\n");
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& row : rows) body += row.second;
  return section("ranks", "Ranks", table_box("Ranks, 1 is best", "<tr>" + head + "</tr>", body, "striped"));
}

std::string efficiency_section(const ShownReport& report) {
  if (!holds(report.json, "efficiency") || !holds(report.json["efficiency"], "methods")) return "";
  const Json& methods = report.json["efficiency"]["methods"];
  std::vector<std::string> keys;
  for (const Json& entry : methods) {
    for (const auto& item : entry.items()) {
      const bool known = std::find(keys.begin(), keys.end(), item.key()) != keys.end();
      if (!known && !item.value().is_structured() && !item.value().is_null()) keys.push_back(item.key());
    }
  }
  if (keys.empty()) return "";
  std::string head = head_cell("method"), body;
  for (const std::string& key : keys) {
    const bool text = std::any_of(methods.begin(), methods.end(),
                                  [&key](const Json& entry) { return entry.contains(key) && entry[key].is_string(); });
    head += head_cell(key_title(key), text ? "text" : "");
  }
  for (const auto& item : methods.items()) {
    std::string row = row_head(item.key());
    for (const std::string& key : keys) {
      const Json value = item.value().value(key, Json());
      row += value.is_number_float() ? cell(short_number(number_of(value)))
                                     : cell(plain_text(value), value.is_string() ? "text" : "num");
    }
    body += "<tr>" + row + "</tr>\n";
  }
  return section(
      "efficiency", "Efficiency",
      table_box("What a case costs, from the sidecars of the predictions", "<tr>" + head + "</tr>", body, "striped"));
}

}  // namespace gdm::report
