#include "io/json_fields.hpp"

#include <fmt/format.h>

#include <cmath>

#include "sys/error.hpp"

namespace gdm {

JsonFields::JsonFields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object.is_object()) throw Error(fmt::format("{} is {}, expected an object", where_, json_kind(object)));
}

const Json& JsonFields::at(const std::string& key) {
  asked_.insert(key);
  if (!has(key)) throw Error(fmt::format("{} lacks '{}'", where_, key));
  return object_.at(key);
}

double JsonFields::number(const std::string& key) {
  const Json& value = at(key);
  if (!value.is_number() || !std::isfinite(value.get<double>())) {
    throw Error(fmt::format("{} is {}, expected a finite number", key, json_kind(value)));
  }
  return value.get<double>();
}

std::int64_t JsonFields::whole(const std::string& key) {
  const Json& value = at(key);
  if (!value.is_number_integer()) {
    throw Error(
        fmt::format("{} is {}, expected a whole number", key, value.is_number() ? value.dump() : json_kind(value)));
  }
  return value.get<std::int64_t>();
}

std::string JsonFields::text(const std::string& key) {
  const Json& value = at(key);
  if (!value.is_string()) throw Error(fmt::format("{} is {}, expected a string", key, json_kind(value)));
  return value.get<std::string>();
}

void JsonFields::refuse_others() const {
  for (const auto& [key, value] : object_.items()) {
    if (asked_.count(key) == 0) throw Error(fmt::format("{} has no use for '{}'", where_, key));
  }
}

std::vector<double> numbers_of(const Json& array, const std::string& name) {
  std::vector<double> numbers;
  for (std::size_t n = 0; n < array.size(); ++n) {
    if (!array[n].is_number() || !std::isfinite(array[n].get<double>())) {
      throw Error(fmt::format("{}[{}] is {}, expected a finite number", name, n, json_kind(array[n])));
    }
    numbers.push_back(array[n].get<double>());
  }
  return numbers;
}

}  // namespace gdm
