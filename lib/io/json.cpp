// The nesting limit matters because copying and printing a parsed value recurse.
#include "io/json.hpp"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "sys/error.hpp"

namespace gdm {
namespace {

constexpr int deepest_level = 64;

}  // namespace

nlohmann::ordered_json parse_json(std::string_view text) {
  using Event = nlohmann::ordered_json::parse_event_t;
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, Event event, nlohmann::ordered_json& parsed) {
    if (depth > deepest_level) throw Error(fmt::format("JSON nested deeper than {} levels", deepest_level));
    if (event == Event::object_start) {
      keys.emplace_back();
    } else if (event == Event::object_end) {
      keys.pop_back();
    } else if (event == Event::key && !keys.back().insert(parsed.get<std::string>()).second) {
      throw Error("the key '" + parsed.get<std::string>() + "' is given twice");
    }
    return true;
  };
  try {
    return nlohmann::ordered_json::parse(text.begin(), text.end(), check);
  } catch (const nlohmann::json::exception& error) {
    const std::string message = error.what();  // "[json.exception.parse_error.101] parse error at line 1, ..."
    const auto start = message.find("] ");
    throw Error("not valid JSON: " + (start == std::string::npos ? message : message.substr(start + 2)));
  }
}

std::string json_text(const nlohmann::ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string json_kind(const nlohmann::ordered_json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  if (value.is_string()) return "a string";
  if (value.is_null()) return "null";
  return value.is_boolean() ? "a boolean" : "a number";
}

}  // namespace gdm
