// How a number that may be missing stands in a report.
#pragma once

#include <optional>
#include <string>

#include "io/json.hpp"
#include "metrics/patient_bootstrap.hpp"

namespace gdm::report {

/// For a table: "-" if there is none, never "-0.00".
std::string cell(const std::optional<double>& value, int decimals);
/// "low to high", or "-".
std::string cell(const std::optional<metrics::Interval>& interval, int decimals);
/// "1 case", "2 cases".
std::string counted(std::size_t number, const std::string& what);
/// "9" of 9, "7 of 9" of 9.
std::string share_text(std::size_t number, std::size_t of);
/// For JSON: null if there is none or it is not finite.
Json number(const std::optional<double>& value);
/// [low, high], or null.
Json interval_json(const std::optional<metrics::Interval>& interval);

}  // namespace gdm::report
