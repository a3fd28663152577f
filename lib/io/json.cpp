// The nesting limit matters because copying and printing a parsed value recurse.
#include "io/json.hpp"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "sys/error.hpp"

namespace gdm {
namespace {

constexpr std::size_t deepest_level = 64;

[[noreturn]] void refuse(const JsonError& error) {
  const std::string message = error.what();  // "[json.exception.parse_error.101] parse error at line 1, ..."
  const auto start = message.find("] ");
  throw Error("not valid JSON: " + (start == std::string::npos ? message : message.substr(start + 2)));
}

/// Reads without keeping anything. (A callback for the library's own parser could check the same, but with one the
/// parser looks through all elements of an array again after each of them.)
class Checker : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override {
    keys_.emplace_back();
    return enter();
  }
  bool end_object() override {
    keys_.pop_back();
    return leave();
  }
  bool start_array(std::size_t) override { return enter(); }
  bool end_array() override { return leave(); }
  bool key(string_t& name) override {
    if (!keys_.back().insert(name).second) throw Error("the key '" + name + "' is given twice");
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const JsonError& error) override { refuse(error); }

 private:
  bool enter() {
    if (++depth_ > deepest_level) throw Error(fmt::format("JSON nested deeper than {} levels", deepest_level));
    return true;
  }
  bool leave() {
    --depth_;
    return true;
  }
  std::vector<std::set<std::string>> keys_;
  std::size_t depth_ = 0;
};

}  // namespace

Json parse_json(std::string_view text) {
  Checker checker;
  Json::sax_parse(text.begin(), text.end(), &checker);
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const JsonError& error) {
    refuse(error);
  }
}

std::string json_text(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string json_kind(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "an array";
  if (value.is_string()) return "a string";
  if (value.is_null()) return "null";
  return value.is_boolean() ? "a boolean" : "a number";
}

std::vector<std::string> keys_that_differ(const Json& a, const Json& b) {
  std::set<std::string> keys;
  for (const auto& [one, other] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    for (const auto& [key, value] : one->items()) {
      if (!other->contains(key) || other->at(key) != value) keys.insert(key);
    }
  }
  return {keys.begin(), keys.end()};
}

}  // namespace gdm
