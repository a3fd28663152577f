// How far the mean of a metric over the cases would move with other patients.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "metrics/patient_bootstrap.hpp"

namespace gdm::metrics {

/// Which patient each case is of, as places 0, 1, ... in the order of their first case.
std::vector<std::size_t> places_of_patients(const std::vector<std::string>& patients);

/// 95 % percentile interval of the mean over cases when patients are drawn anew, each with all of his cases (Efron &
/// Tibshirani, 1993, chapter 13). `values` and `patient_of` have one entry per case; values that are none or not finite
/// do not count. None without draws, or if most draws have no value. Throws Error if the draws have other patients.
std::optional<Interval> mean_interval(const std::vector<std::optional<double>>& values,
                                      const std::vector<std::size_t>& patient_of, const PatientDraws& draws);

}  // namespace gdm::metrics
