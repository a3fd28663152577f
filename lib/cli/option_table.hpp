// Tables of options (engine/option_table.hpp) at the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "cli/config_file.hpp"
#include "engine/option_table.hpp"
#include "io/json.hpp"

namespace gdm::cli {

/// Declares one option that sets `field`, which must outlive the app.
void declare_option(CLI::App& app, const engine::OptionText& text, const engine::Field& field);

/// Shows as the option's default what `field` holds.
void tell_default(CLI::App& app, const engine::OptionText& text, const engine::Field& field);

/// Whether the command line or a file of options gives it.
bool is_given(const CLI::App& app, const std::string& name);

/// Declares every option of a table in its order; they set the fields of `options`.
template <class Options>
void declare(CLI::App& app, const engine::OptionTable<Options>& table, Options& options) {
  for (const engine::Option<Options>& option : table) declare_option(app, option, option.field(options));
}

/// Gives options that are not given the defaults that follow from the others. Call it once everything is parsed.
template <class Options>
void derive_defaults(CLI::App& app, const engine::OptionTable<Options>& table, Options& options) {
  for (const engine::Option<Options>& option : table) {
    if (option.derive == nullptr || is_given(app, option.name)) continue;
    option.derive(options);
    if (option.shows_default) tell_default(app, option, option.field(options));
  }
}

/// Names of those that are given and of no use beside the other options, with their dashes.
template <class Options>
std::vector<std::string> given_in_vain(const CLI::App& app, const engine::OptionTable<Options>& table,
                                       const Options& options) {
  std::vector<std::string> names;
  for (const std::string& name : engine::unused(table, options)) {
    if (is_given(app, name)) names.push_back("--" + name);
  }
  return names;
}

/// The options in effect that a file of options may carry to another run: what decides on the result, and is used.
/// Defaults that help does not show are left out, since they are others for other runs.
template <class Options>
Json portable_options(const CLI::App& app, const engine::OptionTable<Options>& table, const Options& options) {
  std::vector<std::string> without = engine::unused(table, options);
  without.insert(without.end(), options_of_a_run().begin(), options_of_a_run().end());
  for (const engine::Option<Options>& option : table) {
    if (!option.portable) without.push_back(option.name);
  }
  return options_in_effect(app, without);
}

}  // namespace gdm::cli
