#include "sys/quantile.hpp"

#include <algorithm>
#include <limits>

namespace gdm {

double quantile_of_sorted(const std::vector<double>& rising, double q) {
  if (rising.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double place = q * static_cast<double>(rising.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, rising.size() - 1);
  return rising[below] + (place - static_cast<double>(below)) * (rising[above] - rising[below]);
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return quantile_of_sorted(values, 0.5);
}

}  // namespace gdm
