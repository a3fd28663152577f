// Numbers are parsed with from_chars: no locale, no octal, no white space.
#include "cli/values.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "sys/error.hpp"

namespace gdm::cli {
namespace {

template <class T>
bool parse_whole_text(const std::string& text, T& value) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

}  // namespace

CLI::Validator whole_range(std::int64_t low, std::int64_t high) {
  const auto check = [low, high](std::string& text) -> std::string {
    std::int64_t value = 0;
    if (!parse_whole_text(text, value) || value < low || value > high) {
      return fmt::format("'{}' is not a whole number from {} to {}", text, low, high);
    }
    text = std::to_string(value);  // CLI11 would take a leading zero for octal
    return {};
  };
  return {check, fmt::format("{}..{}", low, high), "range"};
}

void takes_one_of(CLI::Option* option, const std::vector<std::string>& words) {
  option->check(CLI::IsMember(words).description(""))->type_name(fmt::format("{}", fmt::join(words, "|")));
}

CLI::Validator real_range(double low, double high) {
  const auto check = [low, high](std::string& text) -> std::string {
    double value = 0;
    if (parse_whole_text(text, value) && value >= low && value <= high) return {};
    return fmt::format("'{}' is not a number from {:g} to {:g}", text, low, high);
  };
  return {check, fmt::format("{:g}..{:g}", low, high), "real range"};
}

CLI::Validator ends_in(const std::string& extension) {
  const auto check = [extension](const std::string& path) {
    return std::filesystem::path(path).extension() == extension ? "" : "'" + path + "' does not end in " + extension;
  };
  return {check, "", ""};
}

CLI::Validator picture_name() {
  const auto check = [](std::string& path) {
    std::error_code unknown;
    return std::filesystem::is_character_file(path, unknown) ? "" : ends_in(".png")(path);
  };
  return {check, "", ""};
}

std::int64_t bytes_from_text(const std::string& text) {
  constexpr double largest = 9e18;  // fits
  const std::string units = "KMGT";
  const std::size_t unit = text.empty() ? std::string::npos : units.find(text.back());
  const std::string number = unit == std::string::npos ? text : text.substr(0, text.size() - 1);
  double value = 0;
  const bool valid = parse_whole_text(number, value) && value >= 0;
  if (unit != std::string::npos) value *= std::pow(1024.0, static_cast<double>(unit + 1));
  if (!valid || !(value <= largest)) {
    throw Error(fmt::format("'{}' is not a number of bytes such as 800M or 12G", text), Exit::usage);
  }
  return static_cast<std::int64_t>(value);
}

std::string check_bytes(const std::string& text) {
  return refusal_of(bytes_from_text, text);
}

std::vector<double> spacings_from_text(const std::string& text) {
  std::vector<double> values;
  std::istringstream stream(text);
  bool valid = !text.empty() && text.back() != ',';
  for (std::string part; valid && std::getline(stream, part, ',');) {
    double value = 0;
    const auto parsed = std::from_chars(part.data(), part.data() + part.size(), value);
    valid = parsed.ec == std::errc() && parsed.ptr == part.data() + part.size() && value >= 1e-3 && value <= 1000;
    values.push_back(value);
  }
  if (!valid || (values.size() != 1 && values.size() != 3)) {
    throw Error(fmt::format("'{}' is not a size in mm such as 1 or 1,1,2.5, from 0.001 to 1000", text), Exit::usage);
  }
  return values;
}

Point3 spacing_from_text(const std::string& text) {
  const std::vector<double> values = spacings_from_text(text);
  return {values[0], values[values.size() / 2], values.back()};
}

}  // namespace gdm::cli
