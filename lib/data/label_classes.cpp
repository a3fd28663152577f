#include "data/label_classes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "data/augment.hpp"
#include "io/json.hpp"
#include "sys/error.hpp"

namespace gdm::data {
namespace {

constexpr double most_texture = 0.15;
constexpr double part_alike = 0.75, least_contrast = 0.03, most_contrast = 0.3;  // of faint patches
constexpr std::int64_t largest_label = 65535;

std::map<std::int64_t, std::string> classes_from(const Json& groups) {
  if (!groups.is_object() || groups.empty()) {
    throw Error("classes: " + json_kind(groups) + R"(, expected an object such as {"bone": [515, 516]})");
  }
  std::map<std::int64_t, std::string> found;
  for (const auto& [name, values] : groups.items()) {
    if (!values.is_array()) throw Error("class '" + name + "' is " + json_kind(values) + ", expected an array");
    for (const Json& value : values) {
      if (!value.is_number_integer()) throw Error("class '" + name + "' holds " + value.dump() + ", not a label");
      const auto [place, fresh] = found.emplace(value.get<std::int64_t>(), name);
      if (!fresh) throw Error(fmt::format("label {} is in '{}' and in '{}'", place->first, place->second, name));
    }
  }
  return found;
}

/// Brings most of the means (B, labels) of some patches near to each other, and their textures down with them.
void make_faint(Tensor& mean, Tensor& texture, double part, at::Generator& generator) {
  const std::int64_t batch = mean.size(0), labels = mean.size(1);
  const Tensor patches = torch::rand({batch, 1}, generator) < part;
  const Tensor alike = patches & (torch::rand({batch, labels}, generator) < part_alike);
  const Tensor contrast = torch::exp(uniform({batch, 1}, std::log(least_contrast), std::log(most_contrast), generator));
  const Tensor level = uniform({batch, 1}, -0.6, 0.6, generator);
  mean = torch::where(alike, level + contrast * mean, mean);
  texture = torch::where(patches, contrast * texture, texture);
}

/// (B, labels) -> the value of each voxel's label.
Tensor spread(const Tensor& table, const Tensor& places) {
  return table.to(places.device()).gather(1, places.flatten(1)).view(places.sizes());
}

}  // namespace

LabelClasses::LabelClasses(const std::set<std::int64_t>& values) : values_(values.begin(), values.end()) {
  if (values.count(0) == 0) values_.insert(values_.begin(), 0);
  for (const std::int64_t value : values_) {
    class_of_.push_back(static_cast<std::int64_t>(names_.size()));
    names_.push_back(std::to_string(value));
  }
}

LabelClasses::LabelClasses(const std::set<std::int64_t>& values, const Json& groups) : LabelClasses(values) {
  auto wanted = classes_from(groups);
  wanted.emplace(0, "background");
  names_.clear();
  for (std::size_t n = 0; n < values_.size(); ++n) {
    const auto found = wanted.find(values_[n]);
    if (found == wanted.end()) throw Error(fmt::format("label {} of the cases is in no class", values_[n]));
    const auto place = std::find(names_.begin(), names_.end(), found->second);
    class_of_[n] = place - names_.begin();
    if (place == names_.end()) names_.push_back(found->second);
  }
}

Json LabelClasses::json() const {
  Json json = Json::object();
  for (std::size_t n = 0; n < values_.size(); ++n) {
    json[names_[static_cast<std::size_t>(class_of_[n])]].push_back(values_[n]);
  }
  return json;
}

Tensor LabelClasses::places(const Tensor& values) const {
  const Tensor known = torch::tensor(values_, torch::kFloat32);
  const Tensor found = torch::searchsorted(known, values.contiguous()).clamp_max(labels() - 1);
  if (!torch::equal(known.take(found), values)) throw Error("a label that is not in the list of labels");
  return found.to(torch::kFloat32);
}

Tensor LabelClasses::classes_of(const Tensor& places) const {
  const Tensor table = torch::tensor(class_of_, torch::kInt64).to(places.device());
  return table.take(places.clamp_min(0).to(torch::kInt64));
}

std::set<std::int64_t> label_values(const Tensor& volume) {
  const Tensor unique = std::get<0>(torch::_unique(volume));
  std::set<std::int64_t> values;
  for (std::int64_t n = 0; n < unique.size(0); ++n) {
    const double value = unique[n].item<double>();
    if (!(value >= 0 && value <= largest_label) || value != std::floor(value)) {
      throw Error(
          fmt::format("holds the value {:g}, expected labels: whole numbers from 0 to {}", value, largest_label));
    }
    values.insert(static_cast<std::int64_t>(value));
  }
  if (values.size() < 2) throw Error("holds one value alone, expected a map of labels");
  return values;
}

Tensor paint_labels(const Tensor& places, std::int64_t labels, at::Generator& generator, double faint) {
  const std::int64_t batch = places.size(0);
  const Tensor index = places.clamp_min(0).to(torch::kInt64);
  Tensor mean = uniform({batch, labels}, -1, 1, generator);
  const Tensor as_air = torch::rand({batch}, generator) < 0.5;
  Tensor texture = uniform({batch, labels}, 0, most_texture, generator);
  if (faint > 0) make_faint(mean, texture, faint, generator);
  mean.select(1, 0).masked_fill_(as_air, -1.0);
  const Tensor coarse = (torch::rand({batch, labels}, generator) < 0.5).to(torch::kFloat32);
  const Tensor fine_grain = torch::randn(places.sizes(), generator).to(places.device());
  std::vector<std::int64_t> half = places.sizes().vec();
  for (std::size_t dim = 2; dim < 5; ++dim) half[dim] = (half[dim] + 1) / 2;
  const Tensor coarse_grain = torch::upsample_trilinear3d(torch::randn(half, generator).to(places.device()),
                                                          places.sizes().slice(2), /*align_corners=*/false);
  const Tensor grain = torch::lerp(fine_grain, coarse_grain, spread(coarse, index));
  return (spread(mean, index) + spread(texture, index) * grain).clamp(-1.0, 1.0);
}

}  // namespace gdm::data
