#include "grade/aggregates.hpp"

#include <algorithm>

#include "metrics/mean_intervals.hpp"
#include "metrics/spread.hpp"

namespace gdm::grade {
namespace {

using Values = std::vector<std::optional<double>>;

template <class ValueOf>
Values values_of(const MethodGrades& method, ValueOf value_of) {
  Values values;
  for (const CaseGrades& c : method.cases) values.push_back(value_of(c));
  return values;
}

Values metric_values(const MethodGrades& method, std::size_t metric) {
  return values_of(method, [metric](const CaseGrades& c) { return c.values[metric]; });
}

Aggregate aggregate_of(const Values& values, const std::vector<std::size_t>& patient_of) {
  const Values of_patients = metrics::patient_means(values, patient_of);
  const metrics::LeftOut left = metrics::left_out(values);
  return {metrics::summarize(of_patients), values.size() - left.all(), left, metrics::mean_interval(of_patients)};
}

void judge_gates(std::size_t first, const std::vector<Gate>& gates, const std::vector<std::size_t>& patient_of,
                 Grades& grades) {
  for (std::size_t m = first; m < grades.methods.size(); ++m) {
    for (const Gate& gate : gates) {
      const auto column = std::find_if(grades.metrics.begin(), grades.metrics.end(),
                                       [&gate](const Metric& metric) { return metric.key == gate.key; });
      const Values values = metric_values(grades.methods[m], static_cast<std::size_t>(column - grades.metrics.begin()));
      grades.gates.push_back(judge(gate, grades.methods[m].name, metrics::patient_means(values, patient_of),
                                   metrics::left_out(values), values.size()));
    }
  }
}

void compare_methods(std::size_t first, const GradeOptions& options, const std::vector<std::size_t>& patient_of,
                     Grades& grades) {
  std::optional<std::size_t> baseline;
  ScoreTable scores(grades.metrics.size());
  std::vector<Better> better;
  for (const Metric& metric : grades.metrics) better.push_back(metric.better);
  for (std::size_t m = 0; m < grades.methods.size(); ++m) {
    if (grades.methods[m].name == options.baseline) baseline = m;
    for (std::size_t metric = 0; metric < scores.size(); ++metric) {
      scores[metric].push_back(metric_values(grades.methods[m], metric));
    }
  }
  const auto pairs = compared_pairs(grades.methods.size(), first, baseline);
  grades.comparisons = compare(scores, better, patient_of, pairs);
  grades.comparisons.reference = baseline.value_or(first);
  grades.comparisons.distances = compare_distances(grades.encoders, pairs);
  adjust_p_values(options.primary, grades.comparisons);
}

}  // namespace

void aggregate(std::size_t first, const std::vector<Gate>& gates, const GradeOptions& options, Grades& grades) {
  std::vector<std::string> patients;
  for (const CaseGrades& c : grades.methods.front().cases) patients.push_back(c.patient);
  const std::vector<std::size_t> patient_of = metrics::places_of_patients(patients);
  grades.patients = 1 + *std::max_element(patient_of.begin(), patient_of.end());
  for (MethodGrades& method : grades.methods) {
    for (std::size_t m = 0; m < grades.metrics.size(); ++m) {
      method.aggregates.push_back(aggregate_of(metric_values(method, m), patient_of));
    }
    for (std::size_t bin = 0; bin < method.cases.front().power_ratios.size(); ++bin) {
      const Values ratios = values_of(method, [bin](const CaseGrades& c) { return c.power_ratios[bin]; });
      method.power_ratios.push_back(aggregate_of(ratios, patient_of));
    }
    const auto has_spread = [](const CaseGrades& c) { return !c.within_spreads.empty(); };
    const bool any = std::any_of(method.cases.begin(), method.cases.end(), has_spread);
    for (std::size_t n = 0; any && n < metrics::spread_multiples; ++n) {
      const Values shares = values_of(method, [&](const CaseGrades& c) {
        return has_spread(c) ? std::optional(c.within_spreads[n]) : std::nullopt;
      });
      method.within_spreads.push_back(aggregate_of(shares, patient_of));
    }
  }
  judge_gates(first, gates, patient_of, grades);
  if (grades.methods.size() > 1) compare_methods(first, options, patient_of, grades);
}

}  // namespace gdm::grade
