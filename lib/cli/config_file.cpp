#include "cli/config_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "io/json.hpp"
#include "sys/error.hpp"

namespace gdm::cli {
namespace {

bool is_flag(const CLI::Option& option) {
  return option.get_items_expected_max() == 0;
}

bool is_list(const CLI::Option& option) {
  return option.get_items_expected_max() > 1;
}

std::string text_of(const std::string& key, const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  throw Error(fmt::format("'{}' is {}, expected a number or a string", key, json_kind(value)), Exit::usage);
}

std::vector<std::string> texts_of(const std::string& key, const Json& value, const CLI::Option& option) {
  if (is_flag(option)) {
    if (value.is_boolean()) return {"true"};
    throw Error(fmt::format("'{}' is {}, expected true or false", key, json_kind(value)), Exit::usage);
  }
  std::vector<std::string> texts;
  if (!value.is_array()) return {text_of(key, value)};
  for (const Json& entry : value) texts.push_back(text_of(key, entry));
  if (!is_list(option)) return {fmt::format("{}", fmt::join(texts, ","))};
  return texts;
}

bool is_number(const std::string& text) {
  return Json::parse(text, nullptr, false).is_number();
}

/// Numbers as numbers, unless the default tells that a number is a text like others, such as the list 8 beside 16,32.
Json value_of(const std::string& text, const std::string& by_default) {
  if (is_number(text) && (by_default.empty() || is_number(by_default))) return Json::parse(text);
  const std::filesystem::path path(text);
  return path.is_absolute() ? path.filename().string() : text;
}

/// Null for an option that is not in effect.
Json value_in_effect(const CLI::Option& option) {
  if (is_flag(option)) return option.count() > 0 && option.as<bool>() ? Json(true) : Json();
  const std::string by_default = option.get_default_str();
  if (option.count() == 0) {
    if (by_default.empty()) return nullptr;
    return is_list(option) ? Json::parse(by_default, nullptr, false) : value_of(by_default, by_default);
  }
  if (!is_list(option)) return value_of(option.results().front(), by_default);
  Json list = Json::array();
  for (const std::string& text : option.results()) list.push_back(value_of(text, ""));
  return list;
}

}  // namespace

std::vector<CLI::ConfigItem> JsonConfig::from_config(std::istream& input) const {
  return with_context(app_.get_config_ptr()->as<std::string>(), [&] {
    Json json;
    try {
      json = parse_json(std::string{std::istreambuf_iterator<char>(input), {}});
    } catch (const Error& error) {
      throw Error(error.what(), Exit::usage);
    }
    if (!json.is_object()) throw Error("is " + json_kind(json) + ", expected an object of options", Exit::usage);
    const auto chosen = app_.get_subcommands();
    std::vector<CLI::ConfigItem> items;
    for (const auto& [key, value] : json.items()) {
      CLI::Option* own = chosen.empty() ? nullptr : chosen.front()->get_option_no_throw("--" + key);
      const CLI::Option* option = own != nullptr ? own : app_.get_option_no_throw("--" + key);
      if (option == nullptr || option == app_.get_config_ptr() || key == "help" || key == "version") {
        throw Error(fmt::format("'{}' is no option of this program that a file can give", key), Exit::usage);
      }
      if (value.is_null() || value == Json(false)) continue;
      CLI::ConfigItem item;
      if (own != nullptr) item.parents = {chosen.front()->get_name()};
      item.name = key;
      item.inputs = texts_of(key, value, *option);
      items.push_back(std::move(item));
    }
    return items;
  });
}

Json options_in_effect(const CLI::App& app, const std::vector<std::string>& without) {
  Json json = Json::object();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional() || option->get_group() != "Options" || option->get_lnames().empty()) continue;
    const std::string& name = option->get_lnames().front();
    if (std::find(without.begin(), without.end(), name) != without.end()) continue;
    const Json value = value_in_effect(*option);
    if (!value.is_null()) json[name] = value;
  }
  return json;
}

}  // namespace gdm::cli
