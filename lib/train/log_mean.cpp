#include "train/log_mean.hpp"

#include <cstddef>

namespace gdm::train {
namespace {

Json mean_of_objects(const std::vector<Json>& objects) {
  Json mean = Json::object();
  for (const Json& object : objects) {
    for (const auto& [key, value] : object.items()) {
      if (mean.contains(key)) continue;
      std::vector<Json> entries;
      for (const Json& other : objects) {
        if (other.contains(key)) entries.push_back(other.at(key));
      }
      mean[key] = mean_of(entries);
    }
  }
  return mean;
}

Json mean_of_arrays(const std::vector<Json>& arrays) {
  Json mean = Json::array();
  for (std::size_t i = 0;; ++i) {
    std::vector<Json> entries;
    for (const Json& array : arrays) {
      if (i < array.size()) entries.push_back(array.at(i));
    }
    if (entries.empty()) return mean;
    mean.push_back(mean_of(entries));
  }
}

}  // namespace

Json mean_of(const std::vector<Json>& values) {
  const Json& first = values.front();
  if (values.size() == 1) return first;
  if (first.is_object()) return mean_of_objects(values);
  if (first.is_array()) return mean_of_arrays(values);
  if (!first.is_number_float()) return first;
  double sum = 0;
  for (const Json& value : values) sum += value.get<double>();
  return sum / static_cast<double>(values.size());
}

}  // namespace gdm::train
