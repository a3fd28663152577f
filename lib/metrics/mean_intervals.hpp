// Means over patients and how far they would move with others. Cases of one patient, such as several draws of noise,
// depend on each other: they are averaged, and what is counted is patients.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "metrics/patient_bootstrap.hpp"

namespace gdm::metrics {

/// Which patient each case is of, as places 0, 1, ... in the order of their first case.
std::vector<std::size_t> places_of_patients(const std::vector<std::string>& patients);

/// One value per patient: the mean of his finite values; where he has none, an infinite one if there is one (PSNR of
/// identical volumes), else none. `values` and `patient_of` have one entry per case. Throws Error if they differ in
/// length.
std::vector<std::optional<double>> patient_means(const std::vector<std::optional<double>>& values,
                                                 const std::vector<std::size_t>& patient_of);

/// Student's interval of the mean of independent values, m -+ t s / sqrt(n) with n - 1 degrees of freedom (Biometrika
/// 6, 1908); values that are none or not finite do not count, none for fewer than 2. With 30 patients it covers 95 %
/// of normal values, 94.5 % of gamma values of shape 4 and 92.5 % of exponential ones; percentiles of a bootstrap cover
/// 93.7, 92.6 and 91.4 % (20000 simulations of the former, 3000 of the latter with 400 draws): they lack the factor
/// sqrt(n / (n - 1)) and the wider tails of t.
std::optional<Interval> mean_interval(const std::vector<std::optional<double>>& of_patients, double level = 0.95);

}  // namespace gdm::metrics
