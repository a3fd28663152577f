// The report that fits a terminal.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/comparison.hpp"
#include "report/report.hpp"
#include "report/values.hpp"
#include "sys/table.hpp"

namespace gdm::report {
namespace {

constexpr std::size_t terminal_columns = 100;

/// A row of the table before its cells are padded.
struct Line {
  std::string title;
  std::vector<std::string> values;  ///< one per method
  std::vector<std::string> marks;   ///< the same
};

/// Smaller is better.
double cost_of(double value, grade::Better better) {
  if (better == grade::Better::higher) return -value;
  if (better == grade::Better::nearest_one) return std::abs(value - 1.0);
  return better == grade::Better::nearest_zero ? std::abs(value) : value;
}

/// "*" for the best values, none of a single method or of methods that are all the same.
std::vector<std::string> best_marks(const std::vector<std::optional<double>>& values, grade::Better better) {
  std::vector<std::string> marks(values.size());
  std::vector<double> costs;
  for (const auto& value : values) {
    if (value) costs.push_back(cost_of(*value, better));
  }
  if (costs.size() < 2) return marks;
  const auto [least, most] = std::minmax_element(costs.begin(), costs.end());
  for (std::size_t m = 0; m < values.size() && *least < *most; ++m) {
    if (values[m] && cost_of(*values[m], better) == *least) marks[m] = "*";
  }
  return marks;
}

/// Adds "+" to the other method of a pair with the reference if it is better, "-" if it is worse.
void mark_difference(std::size_t a, std::size_t b, const std::optional<std::size_t>& better, std::size_t reference,
                     std::vector<std::string>& marks) {
  if (!better || (a != reference && b != reference)) return;
  const std::size_t other = a == reference ? b : a;
  marks[other] += *better == other ? "+" : "-";
}

std::string value_text(const std::string& value, const std::string& low, const std::string& high) {
  return fmt::format("{} [{}, {}]", value, low, high);
}

/// Else a method would be best by the cases that its mean leaves out.
bool over_the_same_number(const grade::Grades& grades, std::size_t metric) {
  return std::all_of(grades.methods.begin(), grades.methods.end(), [&](const grade::MethodGrades& method) {
    return method.aggregates[metric].cases == grades.methods.front().aggregates[metric].cases;
  });
}

Line metric_line(const grade::Grades& grades, std::size_t metric) {
  const grade::Metric& what = grades.metrics[metric];
  Line line{what.title, {}, {}};
  std::vector<std::optional<double>> means;
  for (const grade::MethodGrades& method : grades.methods) {
    const grade::Aggregate& aggregate = method.aggregates[metric];
    const std::optional<metrics::Interval>& interval = aggregate.mean_interval;
    means.push_back(aggregate.over_patients.mean);
    std::string text = cell(means.back(), what.decimals);
    if (interval) text = value_text(text, cell(interval->low, what.decimals), cell(interval->high, what.decimals));
    if (aggregate.cases < method.cases.size()) text += " (" + share_text(aggregate.cases, method.cases.size()) + ")";
    line.values.push_back(std::move(text));
  }
  if (over_the_same_number(grades, metric)) {
    line.marks = best_marks(means, what.better);
  } else {
    line.marks.resize(means.size());
  }
  for (const grade::PairComparison& pair : grades.comparisons.pairs) {
    if (pair.metric != metric) continue;
    mark_difference(pair.a, pair.b, grade::better_method(pair, what.better), grades.comparisons.reference, line.marks);
    if (pair.primary && line.title == what.title) line.title += " (primary)";
  }
  return line;
}

Line distance_line(const grade::Grades& grades, std::size_t encoder, std::size_t level, grade::Distance distance) {
  const grade::LevelDistances& at = grades.encoders[encoder].levels[level];
  const bool is_frechet = distance == grade::Distance::frechet;
  Line line{fmt::format("  {} {}", is_frechet ? "Frechet" : "kernel", at.level), {}, {}};
  std::vector<std::optional<double>> values;
  for (const grade::MethodDistances& method : at.methods) {
    const std::optional<double>& value = is_frechet ? method.frechet : method.kernel;
    const std::optional<metrics::Interval>& interval = is_frechet ? method.frechet_interval : method.kernel_interval;
    values.push_back(value);
    std::string text = value ? fmt::format("{:.4g}", *value) : "-";
    if (interval) text = value_text(text, fmt::format("{:.3g}", interval->low), fmt::format("{:.3g}", interval->high));
    line.values.push_back(std::move(text));
  }
  line.marks = best_marks(values, grade::Better::lower);
  bool primary = false;
  for (const grade::DistanceComparison& pair : grades.comparisons.distances) {
    if (pair.encoder != encoder || pair.level != level || pair.distance != distance) continue;
    mark_difference(pair.a, pair.b, grade::better_method(pair), grades.comparisons.reference, line.marks);
    primary = primary || pair.primary;
  }
  if (primary) line.title += " (primary)";
  return line;
}

/// Of a bank's level, with that of the targets themselves for comparison.
Line bank_line(const grade::LevelDistances& level, grade::Distance distance) {
  const auto text = [distance](const grade::MethodDistances& method) {
    const std::optional<double>& value = distance == grade::Distance::frechet ? method.frechet : method.kernel;
    return value ? fmt::format("{:.4g}", *value) : "-";
  };
  Line line{fmt::format("  {} {}, targets {}", distance == grade::Distance::frechet ? "Frechet" : "kernel", level.level,
                        text(level.methods.back())),
            {},
            {}};
  for (std::size_t m = 0; m + 1 < level.methods.size(); ++m) line.values.push_back(text(level.methods[m]));
  line.marks.resize(line.values.size());
  return line;
}

std::vector<Line> lines_of(const grade::Grades& grades) {
  std::vector<Line> lines;
  for (std::size_t m = 0; m < grades.metrics.size(); ++m) lines.push_back(metric_line(grades, m));
  const std::vector<std::string> nothing(grades.methods.size());
  for (std::size_t e = 0; e < grades.encoders.size(); ++e) {
    lines.push_back({grades.encoders[e].name, nothing, nothing});
    for (std::size_t l = 0; l < grades.encoders[e].levels.size(); ++l) {
      for (const grade::Distance distance : {grade::Distance::frechet, grade::Distance::kernel}) {
        lines.push_back(distance_line(grades, e, l, distance));
      }
    }
  }
  if (!grades.bank) return lines;
  lines.push_back({grades.bank->name, nothing, nothing});
  for (const grade::LevelDistances& level : grades.bank->levels) {
    for (const grade::Distance distance : {grade::Distance::frechet, grade::Distance::kernel}) {
      lines.push_back(bank_line(level, distance));
    }
  }
  return lines;
}

/// Each method's column with its heading, all cells of it padded to one width so that marks stand below each other.
std::vector<Row> columns_of(const grade::Grades& grades, const std::vector<Line>& lines) {
  std::vector<Row> columns;
  for (std::size_t m = 0; m < grades.methods.size(); ++m) {
    std::size_t value = 0, mark = 0;
    for (const Line& line : lines) {
      value = std::max(value, line.values[m].size());
      mark = std::max(mark, line.marks[m].size());
    }
    Row column{grades.methods[m].name};
    for (const Line& line : lines) {
      column.push_back(mark == 0 ? line.values[m]
                                 : fmt::format("{:<{}} {:<{}}", line.values[m], value, line.marks[m], mark));
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

std::size_t width_of(const Row& column) {
  std::size_t width = 0;
  for (const std::string& text : column) width = std::max(width, text.size());
  return width;
}

/// The table, as often as the methods need lines of their own.
std::string tables_text(const grade::Grades& grades) {
  const std::vector<Line> lines = lines_of(grades);
  Row titles{"metric"};
  for (const Line& line : lines) titles.push_back(line.title);
  const std::vector<Row> columns = columns_of(grades, lines);
  std::string text;
  for (std::size_t first = 0, end = 0; first < columns.size(); first = end) {
    std::vector<Row> rows;
    for (const std::string& title : titles) rows.push_back({title});
    std::size_t width = width_of(titles);
    while (end < columns.size() && (end == first || width + 2 + width_of(columns[end]) <= terminal_columns)) {
      width += 2 + width_of(columns[end]);
      for (std::size_t r = 0; r < rows.size(); ++r) rows[r].push_back(columns[end][r]);
      ++end;
    }
    text += (first == 0 ? "" : "\n") + aligned(rows, rows.front().size());
  }
  return text;
}

std::string marks_text(const grade::Grades& grades) {
  if (grades.methods.size() < 2) return "";
  const grade::Comparisons& comparisons = grades.comparisons;
  std::string text = "*: best; ";
  if (comparisons.tests + comparisons.primary_tests == 0) {
    return text + fmt::format("nothing was tested, for that needs {} patients\n", grade::comparison_least_patients);
  }
  return text + fmt::format("+ and -: better and worse than {}, p < {}\n{}\n",
                            grades.methods[comparisons.reference].name, grade::significant_p,
                            adjustment_text(comparisons));
}

}  // namespace

std::string short_text(const grade::Grades& grades) {
  std::string text = tables_text(grades);
  text += fmt::format("\n{}, {}, seed {}; mean over patients [95 % interval]\n", counted(grades.patients, "patient"),
                      counted(grades.methods.front().cases.size(), "case"), grades.seed);
  text += marks_text(grades) + left_out_text(grades);
  for (const grade::MethodGrades& method : grades.methods) {
    if (!method.note.empty()) text += fmt::format("{}: {}\n", method.name, method.note);
  }
  return text + outcome_text(grades) + "--full shows cases, definitions, differences and ranks, --html FILE a page\n";
}

}  // namespace gdm::report
