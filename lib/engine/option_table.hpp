// Options of a command as a table. A record names an option's field, its limits, its help, whom it speaks to and the
// key under which files record it. Command line, files of options, manual pages and completions (cli/option_table.hpp),
// descriptions of models, and messages about options that differ or are not used read the table. A new number is a
// field of the struct and a record.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "io/json.hpp"
#include "model/patch_shape.hpp"
#include "sys/names.hpp"

namespace gdm::engine {

using Words = std::vector<std::string>;
struct WholeRange {
  std::int64_t low, high;  ///< both included
};
struct RealRange {
  double low, high;  ///< both included
};
/// Ends of file names, such as ".png".
struct Suffix {
  std::string text;
};
/// A number of bytes such as 800M or 12G, or auto, which is -1.
struct ByteSize {};
/// Texts that the function reads without throwing Error.
struct Readable {
  std::function<void(const std::string&)> read;
};
/// What values an option takes; Words are a closed list. Without limits: whatever its field's type holds.
using Limits = std::variant<std::monostate, WholeRange, RealRange, Words, Suffix, ByteSize, Readable>;

/// An enum's field, read and written by the names of its values.
struct ChoiceField {
  std::function<std::string()> name;
  std::function<void(const std::string&)> choose;
};

/// A field of one struct of options. A list of whole numbers is one text at the command line, such as 32,64,128.
using Field = std::variant<std::int64_t*, double*, bool*, std::string*, std::filesystem::path*,
                           std::vector<std::int64_t>*, std::vector<double>*, std::vector<std::string>*,
                           std::vector<std::filesystem::path>*, model::PatchShape*, ChoiceField>;

/// Numbers, texts, lists and names of choices as they are; of a path the last component.
Json json_of(const Field& field);

/// The part of a record that does not depend on the struct.
struct OptionText {
  std::string name;        ///< long, without dashes
  std::string letter;      ///< "o" for -o; empty: none
  std::string value_name;  ///< for help; empty: that of the type
  std::string help;        ///< one sentence
  Limits limits;           ///< of the value, of a list's every entry
  bool commas = false;     ///< a list's entries follow each other in one text; else the option is repeated
  bool required = false;
  bool shows_default = true;  ///< help tells the default
  bool portable = true;       ///< a file of options may carry it to another run: it decides on what comes out
  std::string key;            ///< of its value in the description of what is made; "a.b": "b" in the object "a"
};

template <class Options>
struct Option : OptionText {
  std::function<Field(Options&)> field;
  bool (*used)(const Options&) = nullptr;       ///< whether it has a say beside the other options; null: always
  void (*derive)(Options&) = nullptr;           ///< its default, where that follows from other options
  std::function<Json(const Options&)> setting;  ///< what is recorded at `key`, null where nothing is; empty: nothing

  Json value(Options options) const { return json_of(field(options)); }

  Option& short_as(const char* one) {
    letter = one;
    return *this;
  }
  Option& ends_in(const char* suffix) {
    limits = Suffix{suffix};
    return *this;
  }
  Option& read_by(std::function<void(const std::string&)> read) {
    limits = Readable{std::move(read)};
    return *this;
  }
  Option& comma_separated() {
    commas = true;
    return *this;
  }
  Option& needed() {
    required = true;
    return *this;
  }
  /// Of no use to another run: files of options leave it out.
  Option& of_this_run() {
    portable = false;
    return *this;
  }
  Option& used_if(bool (*condition)(const Options&)) {
    used = condition;
    return *this;
  }
  Option& derived(void (*rule)(Options&)) {
    derive = rule;
    return *this;
  }
  /// The help's sentence tells it.
  Option& default_in_words() {
    shows_default = false;
    return *this;
  }
  /// The description of the network has it under this key, which others write.
  Option& described_as(const char* name_there) {
    key = name_there;
    return *this;
  }
  Option& recorded_as(const char* path, std::function<Json(const Options&)> value_there) {
    key = path;
    setting = std::move(value_there);
    return *this;
  }
  /// Wherever it is used.
  Option& recorded(const char* path) {
    return recorded_as(path, [self = *this](const Options& options) { return self.value(options); });
  }
  /// Nothing is said of the default, which is what older files had.
  Option& recorded_if_changed(const char* path) {
    return recorded_as(path, [self = *this](const Options& options) {
      const Json value = self.value(options);
      return value == self.value(Options{}) ? Json() : value;
    });
  }
};

template <class Options>
using OptionTable = std::vector<Option<Options>>;

/// A record of any field.
template <class Options, class Value>
Option<Options> option(const char* name, Value Options::*member, const char* value_name, const char* help,
                       Limits limits = {}) {
  Option<Options> out;
  out.name = name;
  out.value_name = value_name;
  out.help = help;
  out.limits = std::move(limits);
  out.field = [member](Options& options) -> Field { return &(options.*member); };
  return out;
}

template <class Options>
Option<Options> number(const char* name, std::int64_t Options::*member, std::int64_t low, std::int64_t high,
                       const char* help) {
  return option(name, member, "", help, WholeRange{low, high});
}

template <class Options>
Option<Options> number(const char* name, double Options::*member, double low, double high, const char* help) {
  return option(name, member, "", help, RealRange{low, high});
}

template <class Options>
Option<Options> numbers(const char* name, std::vector<double> Options::*member, double low, double high,
                        const char* help) {
  return option(name, member, "X,X,...", help, RealRange{low, high}).comma_separated();
}

template <class Options>
Option<Options> flag(const char* name, bool Options::*member, const char* help) {
  return option(name, member, "", help);
}

/// "a|b|c" in help.
inline std::string joined(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : "|") + word;
  return text;
}

/// A cube's edge, or a slab's three.
template <class Options>
Option<Options> shape(const char* name, model::PatchShape Options::*member, const char* help) {
  return option(name, member, "N|IxJxK", help,
                Readable{[](const std::string& text) { model::PatchShape::from_text(text); }});
}

/// One of the names of an enum.
template <class Options, class Enum>
Option<Options> choice(const char* name, Enum Options::*member, const char* help) {
  Option<Options> out;
  out.name = name;
  out.help = help;
  out.limits = names_of<Enum>();
  out.value_name = joined(names_of<Enum>());
  out.field = [member](Options& options) -> Field {
    return ChoiceField{[&options, member] { return name_of(options.*member); },
                       [&options, member](const std::string& text) { options.*member = value_named<Enum>(text); }};
  };
  return out;
}

/// One of these words.
template <class Options>
Option<Options> choice(const char* name, std::string Options::*member, const Words& words, const char* help) {
  return option(name, member, joined(words).c_str(), help, words);
}

/// Names of the options that were no use to say, in the order of the table.
template <class Options>
Words unused(const OptionTable<Options>& table, const Options& options) {
  Words names;
  for (const Option<Options>& option : table) {
    if (option.used != nullptr && !option.used(options)) names.push_back(option.name);
  }
  return names;
}

/// Values by the paths of their keys.
using Settings = std::vector<std::pair<std::string, Json>>;

/// What a table records of its options, in the table's order.
template <class Options>
Settings settings(const OptionTable<Options>& table, const Options& options) {
  Settings out;
  for (const Option<Options>& option : table) {
    if (!option.setting || (option.used != nullptr && !option.used(options))) continue;
    Json value = option.setting(options);
    if (!value.is_null()) out.emplace_back(option.key, std::move(value));
  }
  return out;
}

/// The object that holds them: those that `order` names in its order, then the others in their own.
Json settings_object(Settings settings, const Words& order);

}  // namespace gdm::engine
