// Pseudo-values of the jackknife.
#include "metrics/jackknife.hpp"

#include <cmath>

#include "metrics/mean_intervals.hpp"
#include "metrics/student.hpp"
#include "metrics/summary.hpp"

namespace gdm::metrics {

std::optional<JackknifeEstimate> jackknife(double value, const std::vector<double>& without) {
  const double n = static_cast<double>(without.size());
  if (without.size() < 2) return std::nullopt;
  std::vector<std::optional<double>> pseudo_values;
  for (const double v : without) {
    if (!std::isfinite(v)) return std::nullopt;
    pseudo_values.emplace_back(n * value - (n - 1.0) * v);
  }
  const Summary summary = summarize(pseudo_values);
  constexpr double share_in_doubt = 0.25;
  const double corrected = *summary.mean, error = *summary.sd / std::sqrt(n);
  const double doubt = share_in_doubt * std::abs(corrected - value);
  const Interval plain = *mean_interval(pseudo_values);
  JackknifeEstimate estimate{corrected, {plain.low - doubt, plain.high + doubt}, 1.0};
  const double beyond = std::abs(corrected) - doubt;
  if (beyond > 0) estimate.p_value = student_two_sided(beyond / error, n - 1.0);
  return estimate;
}

}  // namespace gdm::metrics
