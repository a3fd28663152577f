// Words of the command line and of files that stand for the values of an enum, each in the one list of its enum.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sys/error.hpp"

namespace gdm {

/// Specialised for each enum that has names: `list` is a constexpr std::array of every value with its name, in the
/// order that help and manual pages show.
template <class Enum>
struct Names;

template <class Enum>
std::string name_of(Enum value) {
  for (const auto& [listed, name] : Names<Enum>::list) {
    if (listed == value) return name;
  }
  throw Error("a value without a name");
}

/// Every name, in the order of the list.
template <class Enum>
std::vector<std::string> names_of() {
  std::vector<std::string> names;
  for (const auto& item : Names<Enum>::list) names.emplace_back(item.second);
  return names;
}

/// Throws Error with Exit::usage for a name that is not in the list.
template <class Enum>
Enum value_named(const std::string& name) {
  for (const auto& [value, listed] : Names<Enum>::list) {
    if (name == listed) return value;
  }
  std::string all;
  for (const std::string& known : names_of<Enum>()) all += (all.empty() ? "" : ", ") + known;
  throw Error("'" + name + "' is none of " + all, Exit::usage);
}

}  // namespace gdm
