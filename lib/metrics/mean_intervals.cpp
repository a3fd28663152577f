#include "metrics/mean_intervals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "metrics/student.hpp"
#include "metrics/summary.hpp"
#include "sys/error.hpp"

namespace gdm::metrics {

std::vector<std::size_t> places_of_patients(const std::vector<std::string>& patients) {
  std::map<std::string, std::size_t> places;
  std::vector<std::size_t> result;
  for (const std::string& patient : patients) {
    result.push_back(places.emplace(patient, places.size()).first->second);
  }
  return result;
}

std::vector<std::optional<double>> patient_means(const std::vector<std::optional<double>>& values,
                                                 const std::vector<std::size_t>& patient_of) {
  if (values.size() != patient_of.size()) {
    throw Error(fmt::format("{} values of cases, but the patients of {}", values.size(), patient_of.size()));
  }
  const std::size_t patients = patient_of.empty() ? 0 : 1 + *std::max_element(patient_of.begin(), patient_of.end());
  std::vector<std::optional<double>> means(patients);
  std::vector<double> sums(patients, 0.0), numbers(patients, 0.0);
  for (std::size_t c = 0; c < values.size(); ++c) {
    if (!values[c] || std::isnan(*values[c])) continue;
    if (std::isinf(*values[c])) {
      means[patient_of[c]] = values[c];
    } else {
      sums[patient_of[c]] += *values[c];
      numbers[patient_of[c]] += 1;
    }
  }
  for (std::size_t p = 0; p < patients; ++p) {
    if (numbers[p] > 0) means[p] = sums[p] / numbers[p];
  }
  return means;
}

std::optional<Interval> mean_interval(const std::vector<std::optional<double>>& of_patients, double level) {
  const Summary summary = summarize(of_patients);
  if (summary.n < 2) return std::nullopt;
  const double n = static_cast<double>(summary.n);
  const double reach = student_reach(level, n - 1.0) * *summary.sd / std::sqrt(n);
  return Interval{*summary.mean - reach, *summary.mean + reach};
}

}  // namespace gdm::metrics
