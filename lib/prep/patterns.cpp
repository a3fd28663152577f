#include "prep/patterns.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "sys/error.hpp"

namespace gdm::prep {
namespace {

/// A pattern, the place in a case that its files take, and its files by the values of its keys.
struct Role {
  std::string name;
  const PathPattern* pattern;
  std::map<Keys, std::vector<fs::path>> files;
};

std::vector<Role> roles_of(const CasePatterns& patterns) {
  std::vector<Role> roles;
  const auto add = [&roles](const std::string& name, const PathPattern& pattern) {
    Role role{name, &pattern, {}};
    for (auto& match : pattern.matches()) role.files[match.keys].push_back(match.path);
    roles.push_back(std::move(role));
  };
  for (const auto& [name, pattern] : patterns.inputs) add("inputs." + name, pattern);
  for (const PathPattern& pattern : patterns.target) add("target", pattern);
  for (const PathPattern& pattern : patterns.mask) add("mask", pattern);
  return roles;
}

/// The keys of all patterns; those of the first pattern that has all of them come in its order.
std::vector<std::string> all_keys(const std::vector<Role>& roles) {
  std::set<std::string> all;
  for (const Role& role : roles) all.insert(role.pattern->keys().begin(), role.pattern->keys().end());
  if (all.empty()) {
    throw Error(fmt::format("{}: '{}' has no key, expected {{id}} where the case's name stands",
                            roles.front().pattern->option(), roles.front().pattern->text()),
                Exit::usage);
  }
  for (const Role& role : roles) {
    if (role.pattern->keys().size() == all.size()) return role.pattern->keys();
  }
  throw Error(fmt::format("no pattern has all of the keys {}, so it cannot be told which files belong together",
                          fmt::join(all, ", ")),
              Exit::usage);
}

std::string joined(const std::vector<std::string>& names, const Keys& keys) {
  std::vector<std::string> values;
  for (const std::string& name : names) {
    if (name != "split") values.push_back(keys.at(name));
  }
  return fmt::format("{}", fmt::join(values, "_"));
}

std::string split_value(const Keys& keys) {
  const auto value = keys.find("split");
  if (value == keys.end()) return "";
  const std::string split = split_of_name(value->second);
  if (!split.empty()) return split;
  throw Error(fmt::format("{{split}} is '{}', expected train, val or test (or Tr, Ts, training, ...)", value->second));
}

FoundCase case_of(const Keys& keys, const std::vector<std::string>& names, const std::vector<Role>& roles) {
  FoundCase result;
  Case& item = result.item;
  item.id = keys.count("id") != 0 ? keys.at("id") : joined(names, keys);
  item.split = split_value(keys);
  for (const std::string& name : names) {
    if (name != "id" && name != "split") item.meta[name] = keys.at(name);
  }
  for (const Role& role : roles) {
    Keys own;
    for (const std::string& name : role.pattern->keys()) own[name] = keys.at(name);
    const auto files = role.files.find(own);
    if (files == role.files.end()) continue;
    if (files->second.size() > 1) {
      throw Error(fmt::format("case '{}': {}: {} and {} both match '{}'", item.id, role.pattern->option(),
                              files->second[0].string(), files->second[1].string(), role.pattern->text()));
    }
    set_file(item, role.name, files->second.front());
    if (result.place.empty()) result.place = files->second.front().string();
  }
  return result;
}

/// A pattern that matches nothing at all is a slip of the pen, and not cases without this file.
void refuse_idle(const std::vector<Role>& roles) {
  for (const Role& role : roles) {
    if (role.files.empty()) {
      throw Error(fmt::format("{}: no file matches '{}'", role.pattern->option(), role.pattern->text()));
    }
  }
}

}  // namespace

Found find_by_patterns(const CasePatterns& patterns) {
  const std::vector<Role> roles = roles_of(patterns);
  const std::vector<std::string> names = all_keys(roles);
  refuse_idle(roles);
  std::set<Keys> cases;
  for (const Role& role : roles) {
    if (role.pattern->keys().size() != names.size()) continue;
    for (const auto& [keys, files] : role.files) cases.insert(keys);
  }
  Found found;
  found.what = "patterns";
  for (const Keys& keys : cases) found.cases.push_back(case_of(keys, names, roles));
  std::sort(found.cases.begin(), found.cases.end(),
            [](const FoundCase& a, const FoundCase& b) { return a.item.id < b.item.id; });
  return found;
}

}  // namespace gdm::prep
