#include "cli/option_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/run.hpp"
#include "cli/values.hpp"

namespace gdm::cli {
namespace {

using engine::OptionText;

constexpr const char* any_size = "auto";
constexpr std::int64_t any_size_bytes = -1;

std::int64_t size_from_text(const std::string& text) {
  return text == any_size ? any_size_bytes : bytes_from_text(text);
}

/// Adds the option to an app according to the type of its field.
struct Adder {
  CLI::App& app;
  const OptionText& text;
  std::string names;

  template <class Value>
  CLI::Option* operator()(Value* value) const {
    return app.add_option(names, *value, text.help);
  }
  CLI::Option* operator()(bool* value) const { return app.add_flag(names, *value, text.help); }
  template <class Value>
  CLI::Option* operator()(std::vector<Value>* values) const {
    CLI::Option* option = app.add_option(names, *values, text.help)->allow_extra_args(false);
    if (text.commas) option->delimiter(',');
    if (values->empty()) option->default_str("");
    return option;
  }
  CLI::Option* operator()(std::vector<std::int64_t>* values) const {
    return read(
        [values, name = "--" + text.name](const std::string& word) { *values = numbers_from_text(word, name); });
  }
  CLI::Option* operator()(std::int64_t* value) const {
    if (!std::holds_alternative<engine::ByteSize>(text.limits)) return app.add_option(names, *value, text.help);
    return read([value](const std::string& word) { *value = size_from_text(word); });
  }
  CLI::Option* operator()(model::PatchShape* value) const {
    return read([value](const std::string& word) { *value = model::PatchShape::from_text(word); });
  }
  CLI::Option* operator()(const engine::ChoiceField& field) const { return read(field.choose); }

  CLI::Option* read(const std::function<void(const std::string&)>& function) const {
    return app.add_option_function<std::string>(names, function, text.help);
  }
};

/// Values as a command line gives them, for fields that CLI11 does not know how to print; else empty.
struct Printer {
  std::string operator()(const std::vector<std::int64_t>* values) const {
    return fmt::format("{}", fmt::join(*values, ","));
  }
  std::string operator()(const model::PatchShape* value) const { return value->text(); }
  std::string operator()(const engine::ChoiceField& field) const { return field.name(); }
  std::string operator()(const std::int64_t* value) const {
    return *value == any_size_bytes ? any_size : std::to_string(*value);
  }
  template <class Value>
  std::string operator()(const Value*) const {
    return {};
  }
};

/// Adds the check of the limits. CLI11 prints a check's description behind the value's name.
struct Checker {
  CLI::Option& option;
  const OptionText& text;

  void operator()(std::monostate) const {}
  void operator()(const engine::WholeRange& limits) const { option.transform(range(limits.low, limits.high)); }
  void operator()(const engine::RealRange& limits) const { option.transform(range(limits.low, limits.high)); }
  void operator()(const engine::Words& words) const {
    CLI::Validator member = CLI::IsMember(words);
    if (!text.value_name.empty()) member.description("");  // the name lists them already
    option.check(member);
  }
  void operator()(const engine::Suffix& suffix) const { option.check(ends_in(suffix.text)); }
  void operator()(const engine::ByteSize&) const { option.check(accepted_by(size_from_text, "")); }
  void operator()(const engine::Readable& limits) const { option.check(accepted_by(limits.read, "")); }
};

}  // namespace

void declare_option(CLI::App& app, const OptionText& text, const engine::Field& field) {
  const std::string names = (text.letter.empty() ? "--" : "-" + text.letter + ",--") + text.name;
  CLI::Option& option = *std::visit(Adder{app, text, names}, field);
  if (!text.value_name.empty()) option.type_name(text.value_name);
  if (text.required) option.required();
  std::visit(Checker{option, text}, text.limits);
  if (std::holds_alternative<std::vector<std::int64_t>*>(field)) {
    option.check(CLI::Validator(check_numbers, "", "numbers"));
  }
  if (!text.shows_default) {
    option.default_str("");
  } else if (option.get_default_str().empty()) {
    tell_default(app, text, field);
  }
}

void tell_default(CLI::App& app, const OptionText& text, const engine::Field& field) {
  const std::string value = std::visit(Printer{}, field);
  if (!value.empty()) app.get_option("--" + text.name)->default_str(value);
}

bool is_given(const CLI::App& app, const std::string& name) {
  return app.count("--" + name) > 0;
}

}  // namespace gdm::cli
