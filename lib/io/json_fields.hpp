// Strict objects in files that people write: a key that is missing, of another kind or of no use is an error.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "io/json.hpp"

namespace gdm {

/// An object of which every key has to be asked for. Each member throws Error that names `where`, which is the place in
/// words such as "a geometry", or the key.
class JsonFields {
 public:
  /// `object` must outlive this.
  JsonFields(const Json& object, std::string where);
  bool has(const std::string& key) const { return object_.contains(key); }
  const Json& at(const std::string& key);
  double number(const std::string& key);
  double number_or(const std::string& key, double otherwise) { return has(key) ? number(key) : otherwise; }
  std::int64_t whole(const std::string& key);
  std::string text(const std::string& key);
  /// Throws for the first key that was never asked for.
  void refuse_others() const;

 private:
  const Json& object_;
  std::string where_;
  std::set<std::string> asked_;
};

/// The finite numbers of an array; `name` is what messages call it.
std::vector<double> numbers_of(const Json& array, const std::string& name);

}  // namespace gdm
