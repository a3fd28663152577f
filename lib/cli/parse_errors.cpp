// CLI11 looks for required options before it says what it could not read, so a misspelt option would hide behind the
// right one.
#include "cli/parse_errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

#include "sys/error.hpp"

namespace gdm::cli {
namespace {

/// Of the program and the chosen command; of all commands before one is chosen.
std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  std::vector<const CLI::Option*> options = app.get_options();
  std::vector<const CLI::App*> commands;
  for (const CLI::App* command : app.get_subcommands()) commands.push_back(command);
  if (commands.empty()) commands = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* command : commands) {
    const auto own = command->get_options();
    options.insert(options.end(), own.begin(), own.end());
  }
  return options;
}

bool is_option(const std::string& argument) {
  return argument.size() > 1 && argument[0] == '-' &&
         (argument[1] == '-' || std::isalpha(static_cast<unsigned char>(argument[1])) != 0);
}

/// Letters to insert, remove or change until `a` is `b` (Levenshtein).
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = std::exchange(row[j], std::min({changed, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

/// The command that has this option; empty if none has.
std::string owner_of(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_option_no_throw(name) != nullptr) return command->get_name();
  }
  return "";
}

/// "--modell=x" -> "--modell: no such option; is --model meant?"
std::string unknown_option_text(const CLI::App& app, const std::string& argument) {
  const std::string name = argument.substr(0, argument.find('='));
  const std::string owner = owner_of(app, name);
  if (!owner.empty()) return fmt::format("{}: belongs to the command {}", name, owner);
  std::string nearest;
  std::size_t least = 3;  // more letters apart are other words
  for (const CLI::Option* option : options_of(app)) {
    for (const std::string& known : option->get_lnames()) {
      const std::size_t apart = distance(name, "--" + known);
      if (apart >= least) continue;
      least = apart;
      nearest = "--" + known;
    }
  }
  return name + ": no such option" + (nearest.empty() ? "" : fmt::format("; is {} meant?", nearest));
}

/// "projct: no such command; is project meant?", where a program needs a command and none was found.
std::string unknown_command_text(const CLI::App& app) {
  const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
  const auto words = app.remaining(true);
  if (commands.empty() || words.empty() || is_option(words.front()) || !app.get_subcommands().empty()) return "";
  std::string nearest;
  std::size_t least = 3;
  for (const CLI::App* command : commands) {
    const std::size_t apart = distance(words.front(), command->get_name());
    if (apart >= least) continue;
    least = apart;
    nearest = command->get_name();
  }
  return words.front() + ": no such command" + (nearest.empty() ? "" : fmt::format("; is {} meant?", nearest));
}

std::string repeated_option_text(const CLI::App& app) {
  for (const CLI::Option* option : options_of(app)) {
    const int most = option->get_items_expected_max();
    if (most <= 0 || option->count() <= static_cast<std::size_t>(most)) continue;
    const std::size_t times = option->count() / static_cast<std::size_t>(most);
    const std::string often = times <= 2 ? "twice" : fmt::format("{} times", times);
    return fmt::format("{} is given {}, expected once", option->get_name(), often);
  }
  return "";
}

/// Whether a short option of that letter takes a value; none: there is none.
const CLI::Option* short_option(const CLI::App& app, char letter) {
  for (const CLI::Option* option : options_of(app)) {
    const auto& names = option->get_snames();
    if (std::find(names.begin(), names.end(), std::string(1, letter)) != names.end()) return option;
  }
  return nullptr;
}

}  // namespace

void check_arguments(const CLI::App& app, const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (argument == "--") return;
    if (!is_option(argument) || argument[1] == '-') continue;
    for (std::size_t n = 1; n + 1 < argument.size(); ++n) {
      const CLI::Option* option = short_option(app, argument[n]);
      if (option == nullptr) break;
      const bool takes_value = option->get_items_expected_max() > 0;
      if (takes_value && argument[n + 1] == '=') {
        const std::string value = argument.substr(n + 2);
        throw Error(fmt::format("{}: '=' goes with long options; write -{} {} or --{}={}", argument, argument[n], value,
                                option->get_lnames().front(), value),
                    Exit::usage);
      }
      if (takes_value) break;
    }
  }
}

std::string parse_error_text(const CLI::App& app, const CLI::ParseError& error) {
  const bool missing = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  if (missing || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const std::string command = unknown_command_text(app);
    if (!command.empty()) return command;
    for (const std::string& argument : app.remaining(true)) {
      if (is_option(argument)) return unknown_option_text(app, argument);
    }
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    const std::string repeated = repeated_option_text(app);
    if (!repeated.empty()) return repeated;
  }
  return error.what();
}

}  // namespace gdm::cli
