// Strict JSON for files that people and other programs write: no duplicate keys, bounded nesting, short messages.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace gdm {

/// Keys keep their order, so that files read as they were written.
using Json = nlohmann::ordered_json;
using JsonError = nlohmann::json::exception;

/// Throws Error "not valid JSON: ..." with line and column, also for a key given twice or more than 64 levels.
Json parse_json(std::string_view text);

/// Indented text; bytes that are not UTF-8 are replaced (a command line may hold any).
std::string json_text(const Json& value, int indent = 2);

/// "a string", "an object", ... for messages.
std::string json_kind(const Json& value);

/// Keys of two objects whose values differ or that one of them lacks, sorted.
std::vector<std::string> keys_that_differ(const Json& a, const Json& b);

}  // namespace gdm
