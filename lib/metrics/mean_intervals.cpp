#include "metrics/mean_intervals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

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

std::optional<Interval> mean_interval(const std::vector<std::optional<double>>& values,
                                      const std::vector<std::size_t>& patient_of, const PatientDraws& draws) {
  std::vector<double> sums(draws.patients(), 0.0), numbers(draws.patients(), 0.0);
  for (std::size_t c = 0; c < values.size(); ++c) {
    if (patient_of.at(c) >= draws.patients()) {
      throw Error(fmt::format("a case of patient {}, but draws of {}", patient_of[c] + 1, draws.patients()));
    }
    if (!values[c] || !std::isfinite(*values[c])) continue;
    sums[patient_of[c]] += *values[c];
    numbers[patient_of[c]] += 1;
  }
  std::vector<double> means(draws.draws(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t b = 0; b < means.size(); ++b) {
    const int* counts = draws.counts(b);
    double sum = 0, number = 0;
    for (std::size_t p = 0; p < sums.size(); ++p) {
      sum += counts[p] * sums[p];
      number += counts[p] * numbers[p];
    }
    if (number > 0) means[b] = sum / number;
  }
  return percentile_interval(means);
}

}  // namespace gdm::metrics
