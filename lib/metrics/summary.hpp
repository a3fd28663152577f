// Summary statistics over cases.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
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

/// How many values a summary leaves out.
struct LeftOut {
  std::size_t undefined = 0;  ///< none, NaN or minus infinity
  std::size_t infinite = 0;   ///< plus infinity: PSNR of identical volumes
  std::size_t all() const { return undefined + infinite; }
};
LeftOut left_out(const std::vector<std::optional<double>>& values);
/// "undefined for 1, infinite for 2 of 9 cases"; "" if none is left out.
std::string describe(const LeftOut& left, std::size_t cases);

}  // namespace gdm::metrics
