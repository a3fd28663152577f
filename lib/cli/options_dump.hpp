// The declaration of a program as JSON: what --dump-options prints. Manual pages, shell completions and the test of bad
// option values are generated from it, so that none of them can differ from --help.
#pragma once

#include <CLI/CLI.hpp>

#include "io/json.hpp"

namespace gdm::cli {

/// {"program", "description", "command_required", "options": [OPTION...], "commands": [{"name", "description",
/// "options"}...]}. An OPTION has "names" (a positional's is its only one, without dashes), "type", "description",
/// "default" ("" for none), "values" (how many arguments it takes, 0 for a flag), "positional", "repeated", "required",
/// "checked" (a wrong value is refused while parsing), "group", and where there are some "choices" (all that is
/// accepted), "suggestions" (words that are accepted among others), "range": [LOW, HIGH], "environment".
/// Neither version nor build enters.
Json options_json(CLI::App& app);

}  // namespace gdm::cli
