// Draws of patients, and percentile intervals of what was computed from them.
#include "metrics/patient_bootstrap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "metrics/summary.hpp"
#include "sys/error.hpp"
#include "sys/quantile.hpp"
#include "sys/random.hpp"

namespace gdm::metrics {

PatientDraws::PatientDraws(std::size_t patients, std::size_t draws, std::uint64_t seed)
    : patients_(patients), draws_(patients < 2 ? 0 : draws), counts_(patients_ * draws_, 0) {
  for (std::size_t b = 0; b < draws_; ++b) {
    Random random(seed, b);
    int* counts = counts_.data() + b * patients_;
    for (std::size_t n = 0; n < patients_; ++n) ++counts[random.below(static_cast<std::int64_t>(patients_))];
  }
}

PatientDraws PatientDraws::without_each(std::size_t patients) {
  PatientDraws others(patients, 0, 0);
  if (patients < 2) return others;
  others.draws_ = patients;
  others.counts_.assign(patients * patients, 1);
  for (std::size_t p = 0; p < patients; ++p) others.counts_[p * patients + p] = 0;
  return others;
}

std::optional<Interval> percentile_interval(const std::vector<double>& draws, double level) {
  if (!(level > 0 && level < 1)) {
    throw Error(fmt::format("the level of an interval is {}, expected between 0 and 1", level));
  }
  std::vector<double> defined;
  defined.reserve(draws.size());
  for (const double v : draws) {
    if (!std::isnan(v)) defined.push_back(v);
  }
  if (defined.size() < 2 || 2 * defined.size() < draws.size()) return std::nullopt;
  std::sort(defined.begin(), defined.end());
  const double tail = 0.5 * (1.0 - level);
  return Interval{quantile_of_sorted(defined, tail), quantile_of_sorted(defined, 1.0 - tail)};
}

}  // namespace gdm::metrics
