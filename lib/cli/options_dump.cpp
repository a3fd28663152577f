#include "cli/options_dump.hpp"

#include <algorithm>
#include <sstream>

namespace gdm::cli {
namespace {

std::vector<CLI::Validator*> checks_of(CLI::Option& option) {
  std::vector<CLI::Validator*> checks;
  try {
    while (true) checks.push_back(option.get_validator(static_cast<int>(checks.size())));
  } catch (const CLI::OptionNotFound&) {  // CLI11 tells the number of validators in no other way
  }
  return checks;
}

/// The type's name alone; CLI11 appends the descriptions of the checks.
std::string plain_type(const CLI::Option& option, const std::vector<CLI::Validator*>& checks) {
  std::string suffix;
  for (const CLI::Validator* check : checks) {
    if (!check->get_description().empty()) suffix += ":" + check->get_description();
  }
  const std::string full = option.get_type_name();
  return full.substr(0, full.size() - suffix.size());
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

/// A literal value in a type's name, such as auto in "N|auto".
bool is_literal(const std::string& word) {
  return !word.empty() && word != "-" &&
         word.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-+") == std::string::npos;
}

void add_values(const std::string& type, const std::vector<CLI::Validator*>& checks, Json& json) {
  const std::vector<std::string> words = split(type, '|');
  const bool closed = words.size() > 1 && std::all_of(words.begin(), words.end(), is_literal);
  for (const CLI::Validator* check : checks) {
    const std::string text = check->get_description();
    const auto dots = text.find("..");
    if (text.size() > 2 && text.front() == '{') {
      json["choices"] = split(text.substr(1, text.size() - 2), ',');
    } else if (check->get_name() == "range" && dots != std::string::npos) {
      json["range"] = {Json::parse(text.substr(0, dots)), Json::parse(text.substr(dots + 2))};
    } else if (check->get_name() == "real range" && dots != std::string::npos) {
      json["range"] = {std::stod(text.substr(0, dots)), std::stod(text.substr(dots + 2))};
    }
  }
  if (json.contains("choices")) return;
  if (closed && !checks.empty()) {
    json["choices"] = words;
  } else if (words.size() > 1) {
    for (const std::string& word : words) {
      const std::string start = word.substr(0, word.find('['));  // "cuda[:N]"
      if (is_literal(start)) json["suggestions"].push_back(start);
    }
  }
}

Json option_json(CLI::Option& option) {
  const std::vector<CLI::Validator*> checks = checks_of(option);
  Json json = Json::object();
  json["names"] = Json::array();
  for (const std::string& name : option.get_snames()) json["names"].push_back("-" + name);
  for (const std::string& name : option.get_lnames()) json["names"].push_back("--" + name);
  if (option.get_positional()) json["names"] = {option.get_name(true)};
  const int values = option.get_items_expected_min();
  const std::string type = plain_type(option, checks);
  json["type"] = values == 0 ? "" : type;
  json["description"] = option.get_description();
  const std::string told = option.get_default_str();
  json["default"] = values == 0 || told == "{}" ? "" : told;  // {}: an empty list, since CLI11 2.4
  json["values"] = values;
  json["positional"] = option.get_positional();
  json["repeated"] = option.get_items_expected_max() > std::max(values, 1);
  json["required"] = option.get_required();
  json["checked"] = !checks.empty();
  json["group"] = option.get_positional() ? "Arguments" : option.get_group();
  if (values > 0) add_values(type, checks, json);
  if (!option.get_envname().empty()) json["environment"] = option.get_envname();
  return json;
}

Json options_of(CLI::App& app) {
  Json options = Json::array();
  for (CLI::Option* option : app.get_options()) options.push_back(option_json(*option));
  return options;
}

}  // namespace

Json options_json(CLI::App& app) {
  Json json = {{"program", app.get_name()},
               {"description", app.get_description()},
               {"command_required", app.get_require_subcommand_min() > 0},
               {"options", options_of(app)}};
  json["commands"] = Json::array();
  for (CLI::App* command : app.get_subcommands(nullptr)) {
    json["commands"].push_back({{"name", command->get_name()},
                                {"description", command->get_description()},
                                {"options", options_of(*command)}});
  }
  return json;
}

}  // namespace gdm::cli
