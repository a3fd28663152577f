// A pattern is matched folder by folder, so that only folders that can hold a match are read.
#include "prep/path_pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <regex>

#include "prep/layout.hpp"
#include "sys/error.hpp"

namespace gdm::prep {
namespace {

struct Component {
  std::string expression;         ///< ECMAScript
  std::vector<std::string> keys;  ///< of its groups, in order
  bool plain = true;              ///< no key and no * or ?, so that `literal` is the name
  std::string literal;
};

std::string escaped(char c) {
  const bool safe = std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80;
  return safe || c == '_' ? std::string(1, c) : std::string("\\") + c;
}

void add_text(const std::string& text, Component& component) {
  for (const char c : text) component.expression += escaped(c);
  component.literal += text;
}

void add_key(const std::string& key, const Keys& known, Component& component) {
  if (const auto value = known.find(key); value != known.end()) return add_text(value->second, component);
  component.plain = false;
  const auto earlier = std::find(component.keys.begin(), component.keys.end(), key);
  if (earlier != component.keys.end()) {
    component.expression += fmt::format("\\{}", earlier - component.keys.begin() + 1);
    return;
  }
  component.expression += "(.+)";
  component.keys.push_back(key);
}

Component component_of(const std::string& name, const Keys& known) {
  Component component;
  for (std::size_t n = 0; n < name.size(); ++n) {
    if (name[n] == '{') {
      const std::size_t end = name.find('}', n);
      add_key(name.substr(n + 1, end - n - 1), known, component);
      n = end;
    } else if (name[n] == '*' || name[n] == '?') {
      component.plain = false;
      component.expression += name[n] == '*' ? ".*" : ".";
    } else {
      add_text(std::string(1, name[n]), component);
    }
  }
  return component;
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder.empty() ? fs::path(".") : folder, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

using Parts = std::vector<std::string>;

void expand(const fs::path& folder, const Parts& parts, std::size_t at, const Keys& known,
            std::vector<PathPattern::Match>& found) {
  std::error_code error;
  if (at == parts.size()) {
    if (fs::is_regular_file(folder, error)) found.push_back({folder, known});
    return;
  }
  const Component component = component_of(parts[at], known);
  if (component.plain) return expand(folder / component.literal, parts, at + 1, known, found);
  const std::regex expression(component.expression);
  for (const std::string& name : names_in(folder)) {
    std::smatch groups;
    if (name.front() == '.' || !std::regex_match(name, groups, expression)) continue;
    Keys keys = known;
    for (std::size_t n = 0; n < component.keys.size(); ++n) keys[component.keys[n]] = groups[n + 1].str();
    expand(folder / name, parts, at + 1, keys, found);
  }
}

}  // namespace

PathPattern::PathPattern(std::string text, std::string option) : text_(std::move(text)), option_(std::move(option)) {
  const auto refuse = [this](const std::string& why) {
    throw Error(fmt::format("{}: '{}' {}", option_, text_, why), Exit::usage);
  };
  for (std::size_t n = 0; n < text_.size(); ++n) {
    if (text_[n] == '}') refuse("has a } without its {");
    if (text_[n] != '{') continue;
    const std::size_t end = text_.find_first_of("}/", n);
    if (end == std::string::npos || text_[end] == '/') refuse("has a { without its }");
    const std::string key = text_.substr(n + 1, end - n - 1);
    const bool valid = !key.empty() && std::all_of(key.begin(), key.end(),
                                                   [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
    const auto open_end = [](char c) { return c == '*' || c == '?' || c == '{' || c == '}'; };
    if ((n > 0 && open_end(text_[n - 1])) || (end + 1 < text_.size() && open_end(text_[end + 1]))) {
      refuse(fmt::format("has nothing between {{{}}} and the next key or *, so where it ends cannot be told", key));
    }
    if (!valid) refuse(fmt::format("has the key '{}', expected letters, digits and _", key));
    if (std::find(keys_.begin(), keys_.end(), key) == keys_.end()) keys_.push_back(key);
    n = end;
  }
  if (text_.find("**") != std::string::npos) refuse("has **, expected * for one name in each folder");
  if (!is_nifti_name(text_)) refuse("does not end in .nii or .nii.gz");
}

std::vector<PathPattern::Match> PathPattern::matches() const {
  Parts parts;
  const fs::path path(text_);
  for (const fs::path& part : path.relative_path()) parts.push_back(part.string());
  std::vector<Match> found;
  expand(path.root_path(), parts, 0, {}, found);
  return found;
}

}  // namespace gdm::prep
