// What the parts of the documentation generator share. It turns `gdm-x --dump-options` and the hand-written
// man/gdm-x.1.md into a manual page and completions; it is built with the programs and not installed.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace gdm::docs {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// A page in roff from `source`, in which {{synopsis}} and {{options}} stand for what `dump` declares (null for a page
/// about no program) and {{include NAME}} for shared/NAME.md. Throws std::runtime_error for anything else in braces.
std::string manual_page(const fs::path& source, const Json& dump);

std::string bash_completion(const Json& dump);
std::string zsh_completion(const Json& dump);
std::string fish_completion(const Json& dump);

/// "-o, --output" with `separator` ", ".
std::string joined_names(const Json& option, const std::string& separator);
bool takes_value(const Json& option);
/// Choices or suggestions, separated by spaces; "" if there are none.
std::string words_of(const Json& option);
enum class PathKind { none, file, folder };
/// What kind of path the option's value is, told from its type's name.
PathKind path_kind(const Json& option);
/// A command's options without its own -h, which the program's options list already.
Json options_of_command(const Json& command);

}  // namespace gdm::docs
