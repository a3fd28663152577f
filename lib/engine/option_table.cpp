#include "engine/option_table.hpp"

#include <algorithm>

namespace gdm::engine {
namespace {

struct ToJson {
  Json operator()(const ChoiceField& field) const { return field.name(); }
  Json operator()(const std::filesystem::path* path) const { return path->filename().string(); }
  Json operator()(const std::vector<std::filesystem::path>* paths) const {
    Json list = Json::array();
    for (const auto& path : *paths) list.push_back(path.filename().string());
    return list;
  }
  template <class Value>
  Json operator()(const Value* value) const {
    return *value;
  }
};

}  // namespace

Json json_of(const Field& field) {
  return std::visit(ToJson{}, field);
}

Json settings_object(Settings settings, const Words& order) {
  const auto place = [&](const Settings::value_type& item) {
    return std::find(order.begin(), order.end(), item.first) - order.begin();
  };
  std::stable_sort(settings.begin(), settings.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  Json object = Json::object();
  for (auto& [path, value] : settings) {
    std::string pointer = "/" + path;
    std::replace(pointer.begin(), pointer.end(), '.', '/');
    object[Json::json_pointer(pointer)] = std::move(value);
  }
  return object;
}

}  // namespace gdm::engine
