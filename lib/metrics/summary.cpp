// Summary statistics over cases.
#include "metrics/summary.hpp"
#include "sys/quantile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace gdm::metrics {

std::optional<double> Summary::iqr() const {
  if (!q1 || !q3) return std::nullopt;
  return *q3 - *q1;
}

Summary summarize(const std::vector<std::optional<double>>& values) {
  std::vector<double> finite;
  for (const auto& value : values) {
    if (value && std::isfinite(*value)) finite.push_back(*value);
  }
  Summary summary;
  summary.n = finite.size();
  if (finite.empty()) return summary;
  std::sort(finite.begin(), finite.end());
  double sum = 0, squares = 0;
  for (const double v : finite) sum += v;
  const double n = static_cast<double>(finite.size()), mean = sum / n;
  for (const double v : finite) squares += (v - mean) * (v - mean);
  summary.mean = mean;
  if (finite.size() > 1) summary.sd = std::sqrt(squares / (n - 1.0));
  summary.q1 = quantile_of_sorted(finite, 0.25);
  summary.median = quantile_of_sorted(finite, 0.5);
  summary.q3 = quantile_of_sorted(finite, 0.75);
  return summary;
}

LeftOut left_out(const std::vector<std::optional<double>>& values) {
  LeftOut left;
  for (const auto& value : values) {
    if (value && std::isfinite(*value)) continue;
    ++(value && *value > 0 ? left.infinite : left.undefined);
  }
  return left;
}

std::string describe(const LeftOut& left, std::size_t cases) {
  std::string text;
  if (left.undefined > 0) text = fmt::format("undefined for {}", left.undefined);
  if (left.infinite > 0) text += fmt::format("{}infinite for {}", text.empty() ? "" : ", ", left.infinite);
  return text.empty() ? "" : fmt::format("{} of {} case{}", text, cases, cases == 1 ? "" : "s");
}

}  // namespace gdm::metrics
