// How a number that may be missing stands in a report.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace gdm::metrics {

/// For a table: "-" if there is none, never "-0.00".
std::string cell(const std::optional<double>& value, int decimals);
/// For JSON: null if there is none or it is not finite.
nlohmann::ordered_json number(const std::optional<double>& value);

}  // namespace gdm::metrics
