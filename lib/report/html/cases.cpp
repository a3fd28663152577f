// The table of all cases, and the text that explains a report: definitions, notes, provenance.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "report/html/tables.hpp"
#include "report/html/text.hpp"

namespace gdm::report {
namespace {

struct CaseRow {
  double bad = std::numeric_limits<double>::infinity();  ///< undefined values come first
  std::string html;
};

std::string value_cell(const std::optional<double>& value, int decimals) {
  return fmt::format("<td class=\"num\" data-v=\"{}\">{}</td>", value ? fmt::format("{}", *value) : "",
                     decimal(value, decimals));
}

std::string case_name(const ShownReport& report, std::size_t index, const std::vector<PicturedCase>& pictured) {
  const std::string id = escape(report.cases[index]);
  const bool linked =
      std::any_of(pictured.begin(), pictured.end(), [index](const PicturedCase& c) { return c.index == index; });
  const std::string shown = linked ? fmt::format("<a href=\"#case-{}\">{}</a>", index, id) : id;
  return fmt::format("<th scope=\"row\" data-v=\"{}\">{}</th>", id, shown);
}

std::vector<CaseRow> case_rows(const ShownReport& report, const std::vector<PicturedCase>& pictured) {
  std::vector<CaseRow> rows;
  const bool higher = report.metrics[report.leading].better == "higher";
  for (const std::size_t c : report.worst_first()) {
    for (const ShownMethod& method : report.methods) {
      CaseRow row;
      const auto& leading = method.values[report.leading][c];
      if (leading) row.bad = higher ? -*leading : *leading;
      row.html = case_name(report, c, pictured);
      row.html += fmt::format("<td data-v=\"{0}\">{0}</td>", escape(method.name));
      for (std::size_t m = 0; m < report.metrics.size(); ++m) {
        row.html += value_cell(method.values[m][c], report.metrics[m].decimals);
      }
      rows.push_back(std::move(row));
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const CaseRow& a, const CaseRow& b) { return a.bad > b.bad; });
  return rows;
}

std::string item(const std::string& text) {
  return "<li>" + escape(text) + "</li>\n";
}

}  // namespace

std::string cases_section(const ShownReport& report, const std::vector<PicturedCase>& pictured) {
  if (report.metrics.empty() || report.cases.empty()) return "";
  const ShownMetric& leading = report.metrics[report.leading];
  std::string head = head_cell("case") + head_cell("method"), body;
  for (const ShownMetric& metric : report.metrics) {
    const std::string sort = metric.key != leading.key   ? ""
                             : metric.better == "higher" ? " aria-sort=\"ascending\""
                                                         : " aria-sort=\"descending\"";
    head += fmt::format("<th scope=\"col\" class=\"num\"{}>{}</th>", sort, escape(metric.title));
  }
  for (const CaseRow& row : case_rows(report, pictured)) body += "<tr>" + row.html + "</tr>\n";
  return section("cases", "Cases",
                 "<p>The worst cases by " + escape(leading.title) +
                     " come first<span class=\"scripted\">; a column\u2019s heading sorts by it</span>.</p>\n" +
                     table_box("Every case by every method", "<tr>" + head + "</tr>", body, "sortable striped"));
}

std::string definitions_section(const ShownReport& report) {
  std::string items;
  for (const ShownMetric& metric : report.metrics) {
    if (metric.definition.empty()) continue;
    items += "<dt>" + escape(metric.title) + "</dt><dd>" + escape(metric.definition) + "</dd>\n";
  }
  return section("definitions", "Definitions", items.empty() ? "" : "<dl>" + items + "</dl>\n");
}

std::string notes_section(const ShownReport& report) {
  std::string items;
  for (const Json& method : report.json["methods"]) {
    const std::string name = text_at(method, "name");
    if (holds(method, "note")) items += item(name + ": " + text_at(method, "note"));
    for (const Json& row : method["cases"]) {
      if (!holds(row, "notes")) continue;
      for (const Json& note : row["notes"]) items += item(name + ", " + text_at(row, "id") + ": " + plain_text(note));
    }
  }
  if (holds(report.json, "skipped")) {
    for (const Json& skipped : report.json["skipped"]) {
      items += item("not graded: " + text_at(skipped, "id") + ": " + text_at(skipped, "error"));
    }
  }
  return section("notes", "Notes", items.empty() ? "" : "<ul>" + items + "</ul>\n");
}

std::string provenance_section(const ShownReport& report) {
  if (!holds(report.json, "provenance")) return "";
  const std::string text = report.json["provenance"].dump(2);
  return section("provenance", "Provenance",
                 "<details><summary>How this report came about</summary><pre class=\"box\" tabindex=\"0\">" +
                     escape(text) + "</pre></details>\n");
}

}  // namespace gdm::report
