// Summary statistics over cases.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace gdm::metrics {

/// Of n finite values. Quartiles by quantile_of_sorted(); SD with n - 1, none for a single value. Everything is none
/// for n = 0.
struct Summary {
  std::size_t n = 0;
  std::optional<double> mean, sd, median, q1, q3;
  /// q3 - q1
  std::optional<double> iqr() const;
};

/// Values that are none, NaN or infinite are left out and do not count in n.
Summary summarize(const std::vector<std::optional<double>>& values);

}  // namespace gdm::metrics
