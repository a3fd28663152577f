#include "train/configuration_difference.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

namespace gdm::train {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_named = 4, longest_value = 60;

/// Keys that are not those of their options.
const std::map<std::string, std::string> option_of_key{
    {"start", "drift-start"},          {"mode", "coordination"},          {"patch_voxels", "patch"},
    {"mask_cube_voxels", "mask-cube"}, {"fresh_noise_hu", "fresh-noise"}, {"name", "conditions"}};

std::string option_of(const std::string& key) {
  const auto found = option_of_key.find(key);
  if (found != option_of_key.end()) return "--" + found->second;
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

/// Digests tell people nothing, so what they are of is named.
void compare(const std::string& key, const Json* there, const Json* here, std::vector<std::string>& found) {
  if (there != nullptr && here != nullptr && *there == *here) return;
  if (key == "data") {
    found.emplace_back("the data (cases, their order or their volumes)");
  } else if (key == "objectives") {
    found.emplace_back("a bank or an encoder");
  } else if (there != nullptr && here != nullptr && there->is_object() && here->is_object()) {
    compare_members(*there, *here, found);
  } else if (key == "init" || key == "classes") {
    found.push_back(option_of(key));
  } else {
    found.push_back(fmt::format("{} {} there, {} here", option_of(key), text_of(there), text_of(here)));
  }
}

}  // namespace

std::string configuration_difference(const Json& there, const Json& here) {
  std::vector<std::string> found;
  compare_members(there, here, found);
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
