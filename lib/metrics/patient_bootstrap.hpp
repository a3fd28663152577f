// Bootstrap over patients: patches of one patient are not independent, so patients are what is drawn anew.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace gdm::metrics {

/// Draws of patients with replacement (Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 8:
/// clusters). Draw b depends on (seed, b) alone. Every statistic and method that is given the same object sees the same
/// patients in the same draw, so differences between methods are paired. Fewer than 2 patients: there are no draws, and
/// therefore no intervals.
class PatientDraws {
 public:
  PatientDraws(std::size_t patients, std::size_t draws, std::uint64_t seed);
  /// Not drawn: in "draw" p every other patient occurs once, for a jackknife. None for fewer than 2 patients.
  static PatientDraws without_each(std::size_t patients);

  std::size_t patients() const { return patients_; }
  std::size_t draws() const { return draws_; }
  /// How often each patient occurs in a draw: patients() numbers, whose sum is patients() if they were drawn.
  const int* counts(std::size_t draw) const { return counts_.data() + draw * patients_; }

 private:
  std::size_t patients_ = 0, draws_ = 0;
  std::vector<int> counts_;  ///< draws x patients
};

struct Bootstrap {
  std::size_t draws = 0;  ///< of patients; 0: no intervals
  std::uint64_t seed = 0;
};

struct Interval {
  double low = 0, high = 0;
};

/// The values of a statistic: one row per method, one value per draw; NaN where it is undefined for that draw.
using MethodDraws = std::vector<std::vector<double>>;

/// Percentile interval (type-7 quantiles at (1 -+ level) / 2) of the draws that are not NaN; none if those are fewer
/// than 2 or than half of all. Throws Error unless 0 < level < 1.
std::optional<Interval> percentile_interval(const std::vector<double>& draws, double level = 0.95);

}  // namespace gdm::metrics
