// How a number that may be missing stands in a report.
#include "report/values.hpp"

#include <fmt/format.h>

#include <cmath>

namespace gdm::report {

std::string cell(const std::optional<double>& value, int decimals) {
  if (!value) return "-";
  const std::string text = fmt::format("{:.{}f}", *value, decimals);
  return text.find_first_not_of("-0.") == std::string::npos && text[0] == '-' ? text.substr(1) : text;
}

std::string cell(const std::optional<metrics::Interval>& interval, int decimals) {
  return interval ? cell(interval->low, decimals) + " to " + cell(interval->high, decimals) : "-";
}

std::string counted(std::size_t number, const std::string& what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string share_text(std::size_t number, std::size_t of) {
  return number == of ? std::to_string(number) : fmt::format("{} of {}", number, of);
}

Json number(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json(nullptr);
}

Json interval_json(const std::optional<metrics::Interval>& interval) {
  return interval ? Json{interval->low, interval->high} : Json(nullptr);
}

}  // namespace gdm::report
