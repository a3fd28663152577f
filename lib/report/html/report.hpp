// The report as the page's sections see it: metrics with how to show and rank them, values by method and case, and
// which cases are worth a picture. Reads the JSON of report_json() alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/json.hpp"

namespace gdm::report {

/// How a metric is shown.
struct ShownMetric {
  std::string key, title, definition;
  int decimals = 3;
  std::string better;  ///< "lower", "higher", "zero", or "" where the report does not say
};

/// Values of one method, all vectors in the order of its cases.
struct ShownMethod {
  std::string name, note;
  Json aggregate;                                          ///< {KEY: {"mean": .., "sd": ..}}
  std::vector<std::vector<std::optional<double>>> values;  ///< [metric][case]
};

struct ShownReport {
  explicit ShownReport(const Json& report);

  Json json;
  std::vector<ShownMetric> metrics;
  std::vector<ShownMethod> methods;
  std::vector<std::string> cases;
  std::size_t leading = 0;  ///< the metric that orders cases: mae_hu, or the first

  /// A metric's title, or the key itself for what is no column of the report.
  std::string title(const std::string& key) const;
  int decimals(const std::string& key) const;
  std::string better(const std::string& key) const;
  /// 0, 1, ...: the colour of a method; 0 for an unknown name.
  std::size_t colour(const std::string& method) const;
  /// Cases from the worst to the best by the leading metric, averaged over methods; undefined values come first.
  std::vector<std::size_t> worst_first() const;
};

/// A case that is worth pictures, and why: "worst", "middle" or "best".
struct PicturedCase {
  std::size_t index = 0;
  std::string why;
};

/// Up to `count` cases: the worst third, those around the median, the best third; in that order, none twice.
std::vector<PicturedCase> cases_to_picture(const ShownReport& report, std::size_t count);

}  // namespace gdm::report
