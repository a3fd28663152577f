#include "train/configuration_difference.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

#include "engine/pretrain_options.hpp"
#include "engine/training_options.hpp"

namespace gdm::train {
namespace {

constexpr std::size_t most_named = 4, longest_value = 60;

template <class Options>
void add_options(const engine::OptionTable<Options>& table, std::map<std::string, std::string>& option_of_key) {
  for (const auto& option : table) {
    if (!option.key.empty()) option_of_key[option.key.substr(option.key.rfind('.') + 1)] = option.name;
  }
}

/// Names of options by the last part of their keys.
std::map<std::string, std::string> options_by_key() {
  std::map<std::string, std::string> option_of_key;
  add_options(engine::training_options(), option_of_key);
  add_options(engine::pretrain_options(), option_of_key);
  return option_of_key;
}

/// Null for what no option has recorded.
const std::string* recorded_option(const std::string& key) {
  static const std::map<std::string, std::string> option_of_key = options_by_key();
  const auto found = option_of_key.find(key);
  return found == option_of_key.end() ? nullptr : &found->second;
}

/// What no option has recorded is named after its key.
std::string option_of(const std::string& key) {
  if (const std::string* option = recorded_option(key)) return "--" + *option;
  std::string name = key;
  std::replace(name.begin(), name.end(), '_', '-');
  return "--" + name;
}

std::string text_of(const Json* value) {
  if (value == nullptr) return "not given";
  const std::string text = value->is_string() ? value->get<std::string>() : value->dump();
  return text.size() <= longest_value ? text : text.substr(0, longest_value) + "...";
}

const Json* find(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

void compare(const std::string& key, const Json* there, const Json* here, std::vector<std::string>& found);

void compare_members(const Json& there, const Json& here, std::vector<std::string>& found) {
  for (const auto& [key, value] : there.items()) compare(key, &value, find(here, key), found);
  for (const auto& [key, value] : here.items()) {
    if (!there.contains(key)) compare(key, nullptr, &value, found);
  }
}

/// A process as its network knows it, or one where the other has none. The options and the objective tell all of it in
/// their own words but its spread, which the data give.
bool is_process(const std::string& key, const Json* there, const Json* here) {
  if (key != "process") return false;
  return there == nullptr || here == nullptr || there->contains("kind") || here->contains("kind");
}

/// Digests and what an option stands for (classes, strengths) tell people nothing, so what they are of is named.
void compare(const std::string& key, const Json* there, const Json* here, std::vector<std::string>& found) {
  if (there != nullptr && here != nullptr && *there == *here) return;
  if (is_process(key, there, here)) return;
  const bool both_objects = there != nullptr && here != nullptr && there->is_object() && here->is_object();
  if (key == "data") {
    found.emplace_back("the data (cases, their order or their volumes)");
  } else if (key == "objectives") {
    found.emplace_back("a bank or an encoder");
  } else if (key == "init" || key == "classes" || (both_objects && recorded_option(key) != nullptr)) {
    found.push_back(option_of(key));
  } else if (both_objects) {
    compare_members(*there, *here, found);
  } else {
    found.push_back(fmt::format("{} {} there, {} here", option_of(key), text_of(there), text_of(here)));
  }
}

}  // namespace

std::string configuration_difference(const Json& there, const Json& here) {
  std::vector<std::string> found;
  compare_members(there, here, found);
  if (found.empty()) return "the process";
  std::vector<std::string> named;  // the data may be told apart in several places
  for (const std::string& text : found) {
    if (std::find(named.begin(), named.end(), text) == named.end()) named.push_back(text);
  }
  if (named.size() <= most_named) return fmt::format("{}", fmt::join(named, "; "));
  const std::size_t more = named.size() - most_named;
  named.resize(most_named);
  return fmt::format("{}; and {} more", fmt::join(named, "; "), more);
}

}  // namespace gdm::train
