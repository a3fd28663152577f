// Strict JSON for files that people and other programs write: no duplicate keys, bounded nesting, short messages.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace gdm {

/// Throws Error "not valid JSON: ..." with line and column, also for a key given twice or more than 64 levels.
nlohmann::ordered_json parse_json(std::string_view text);

/// Indented text; bytes that are not UTF-8 are replaced (a command line may hold any).
std::string json_text(const nlohmann::ordered_json& value, int indent = 2);

/// "a string", "an object", ... for messages.
std::string json_kind(const nlohmann::ordered_json& value);

}  // namespace gdm
