// The report as the page's sections see it.
#include "report/html/report.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "io/json.hpp"
#include "report/html/text.hpp"

namespace gdm::report {
namespace {

ShownMetric metric_of(const Json& report, const std::string& key) {
  ShownMetric metric{key, key, "", 3, ""};
  if (!holds(report, "metrics") || !holds(report["metrics"], key)) return metric;
  const Json& entry = report["metrics"][key];
  if (holds(entry, "title")) metric.title = text_at(entry, "title");
  metric.decimals = static_cast<int>(std::clamp(number_at(entry, "decimals").value_or(3), 0.0, 12.0));
  metric.definition = text_at(entry, "definition");
  metric.better = text_at(entry, "better");
  return metric;
}

/// Larger is worse.
double badness(double value, const std::string& better) {
  if (better == "higher") return -value;
  return better == "zero" ? std::abs(value) : value;
}

}  // namespace

ShownReport::ShownReport(const Json& report)
    : json(parse_json(json_text(report))) {  // a name from the command line may hold bytes that are not UTF-8
  const Json& entries = json.at("methods");
  const Json aggregate = entries.at(0).value("aggregate", Json::object());
  for (const auto& item : aggregate.items()) {
    if (item.key() == "mae_hu") leading = metrics.size();
    metrics.push_back(metric_of(json, item.key()));
  }
  for (const Json& row : entries.at(0).at("cases")) cases.push_back(text_at(row, "id"));
  for (const Json& entry : entries) {
    ShownMethod method{text_at(entry, "name"), text_at(entry, "note"), entry.value("aggregate", Json::object()), {}};
    for (const ShownMetric& metric : metrics) {
      method.values.emplace_back();
      for (const Json& row : entry.at("cases")) method.values.back().push_back(number_at(row, metric.key));
      method.values.back().resize(cases.size());
    }
    methods.push_back(std::move(method));
  }
}

std::string ShownReport::title(const std::string& key) const {
  for (const ShownMetric& metric : metrics) {
    if (metric.key == key) return metric.title;
  }
  return key;
}

int ShownReport::decimals(const std::string& key) const {
  for (const ShownMetric& metric : metrics) {
    if (metric.key == key) return metric.decimals;
  }
  return 3;
}

std::string ShownReport::better(const std::string& key) const {
  for (const ShownMetric& metric : metrics) {
    if (metric.key == key) return metric.better;
  }
  return "";
}

std::size_t ShownReport::colour(const std::string& method) const {
  for (std::size_t m = 0; m < methods.size(); ++m) {
    if (methods[m].name == method) return m;
  }
  return 0;
}

std::vector<std::size_t> ShownReport::worst_first() const {
  std::vector<double> bad(cases.size(), std::numeric_limits<double>::infinity());
  for (std::size_t c = 0; c < cases.size() && !metrics.empty(); ++c) {
    double sum = 0;
    std::size_t n = 0;
    for (const ShownMethod& method : methods) {
      const auto& value = method.values[leading][c];
      if (value) sum += badness(*value, metrics[leading].better);
      n += value ? 1 : 0;
    }
    if (n > 0) bad[c] = sum / static_cast<double>(n);
  }
  std::vector<std::size_t> order(cases.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&bad](std::size_t a, std::size_t b) { return bad[a] > bad[b]; });
  return order;
}

std::vector<PicturedCase> cases_to_picture(const ShownReport& report, std::size_t count) {
  const std::vector<std::size_t> order = report.worst_first();
  const std::size_t n = order.size(), wanted = std::min(count, n);
  const std::size_t worst = (wanted + 2) / 3, middle = (wanted + 1) / 3, best = wanted / 3;
  const std::size_t from = std::clamp((n - middle) / 2, worst, n - best - middle);
  std::vector<PicturedCase> chosen;
  for (std::size_t at = 0; at < worst; ++at) chosen.push_back({order[at], "worst"});
  for (std::size_t at = from; at < from + middle; ++at) chosen.push_back({order[at], "middle"});
  for (std::size_t at = n - best; at < n; ++at) chosen.push_back({order[at], "best"});
  return chosen;
}

}  // namespace gdm::report
