// Quality gates: bounds on the mean of a metric, for scripts and continuous integration.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "grade/metric.hpp"
#include "metrics/summary.hpp"

namespace gdm::grade {

/// A bound on a method's mean over patients.
struct Gate {
  std::string key;  ///< of a metric
  double bound = 0;
  bool under = true;             ///< missed if the mean is below the bound; else if it is above
  bool allow_undefined = false;  ///< else a case without a value misses it, whatever the mean of the others
};

/// "psnr=28"; `option` is --fail-under or --fail-over. Throws Error (usage) unless it is KEY=NUMBER.
Gate gate_from_text(const std::string& text, const std::string& option);

/// The gates with the keys of the metrics that they mean (means_metric()). Throws Error (usage) for one that is not
/// among them.
std::vector<Gate> resolved_gates(std::vector<Gate> gates, const std::vector<Metric>& metrics);

struct GateResult {
  Gate gate;
  std::string method;
  std::optional<double> mean;  ///< none if no patient has a value: the gate is missed
  metrics::LeftOut left_out;   ///< of `cases`
  std::size_t cases = 0;
  bool passed = false;
};

/// The mean of finite values, one per patient (patient_means()); infinity where only infinite ones are there (PSNR of
/// identical volumes). `left_out` counts those of the `cases` that the mean leaves out: an undefined one misses the
/// gate unless that is allowed; an infinite one is above every bound, so it never misses --fail-under and always
/// --fail-over. It does not enter the mean of the others, or one perfect case would hide all bad ones.
GateResult judge(const Gate& gate, const std::string& method, const std::vector<std::optional<double>>& of_patients,
                 const metrics::LeftOut& left_out, std::size_t cases);

/// "method 'a': the mean of psnr_db, 27.1, is under 28", and what the mean leaves out
std::string describe(const GateResult& result);

}  // namespace gdm::grade
