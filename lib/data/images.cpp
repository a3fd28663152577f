#include "data/images.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/placement.hpp"
#include "image/hu_check.hpp"
#include "image/mask.hpp"
#include "io/nifti/nifti.hpp"
#include "nn/resample.hpp"
#include "sys/error.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

namespace gdm::data {
namespace {

using nn::tensor_of;

// Upper bounds of air, fat, soft tissue and dense tissue; above: bone.
constexpr std::array<double, 4> bounds_hu{-300.0, -20.0, 120.0, 300.0};
constexpr std::array<double, 4> bounds_of_units{-0.6, -0.2, 0.2, 0.6};

const fs::path& volume_of_case(const Case& item, const std::string& name) {
  if (name != "target") return item.input(name);
  if (!item.target) throw Error("case '" + item.id + "': no target");
  return *item.target;
}

Mask mask_of(const Case& item, const Volume& stored, const Source& source) {
  if (item.mask) return read_mask(*item.mask, &stored.grid);
  if (source.scaling == "hu") return body_mask_from_ct(stored);
  Mask mask(stored.grid, 0);
  const Tensor values = tensor_of(stored);
  tensor_of(mask).copy_(source.scaling == "labels" ? values > 0 : values > values.mean());
  return mask;
}

Tensor scaled(const Tensor& raw, const Source& source, const nn::HuMap& hu_map) {
  if (source.scaling == "labels") return raw.clone();
  if (source.scaling == "hu") return hu_map.to_unit(raw);
  return nn::scale_condition(raw, nn::Condition{source.name, source.scaling}, hu_map);
}

/// Voxels of this edge along all axes: the mean over what a voxel covers for images, for labels and masks what fills
/// most of it.
void resample(Sample& sample, double spacing_mm, bool labels) {
  const Point3 edges = sample.grid.spacing_mm();
  nn::Extent size{};
  for (const std::size_t axis : {0U, 1U, 2U}) {
    auto& voxels = sample.grid.shape_ijk[axis];
    const double extent = static_cast<double>(voxels) * edges[axis];
    const std::int64_t now = std::max<std::int64_t>(1, std::llround(extent / spacing_mm));
    const double ratio = static_cast<double>(voxels) / static_cast<double>(now);
    for (std::size_t row = 0; row < 3; ++row) {
      auto& line = sample.grid.ijk_to_ras_mm[row];
      line[3] += line[axis] * (ratio - 1) / 2;  // the first voxel's corner stays, its centre moves
      line[axis] *= ratio;
    }
    voxels = now;
    size[2 - axis] = now;
  }
  sample.target = labels ? nn::majority(sample.target, size) : nn::area_mean(sample.target, size);
  sample.mask = nn::majority(sample.mask, size);
}

Sample read_image(const Case& item, const Source& source, const nn::HuMap& hu_map) {
  const fs::path& path = volume_of_case(item, source.name);
  const Volume stored = read_volume(path);
  if (source.scaling == "hu") require_hu(stored, path.string() + ": " + source.name);
  const Volume volume = nn::turned_for_network(stored);
  const Tensor raw = tensor_of(volume);
  Sample sample;
  sample.id = item.id;
  sample.patient = item.patient();
  sample.grid = volume.grid;
  with_context(path.string(), [&] {
    require_finite(raw, path);
    if (source.scaling == "labels") label_values(raw);
    sample.target = scaled(raw, source, hu_map).unsqueeze(0);
  });
  const Mask mask = nn::turned_for_network(mask_of(item, stored, source));
  sample.mask = tensor_of(mask).unsqueeze(0).clone();
  if (item.mask && source.scaling == "hu") sample.target.masked_fill_(sample.mask == 0, -1.0);
  if (source.spacing_mm > 0) resample(sample, source.spacing_mm, source.scaling == "labels");
  sample.foreground = foreground_indices(sample.mask);
  if (sample.foreground.numel() == 0) throw Error("the mask is empty");
  sample.conditions = sample.target.slice(0, 0, 0);
  return sample;
}

}  // namespace

Source choose_source(const std::vector<Case>& cases, const std::string& wanted, const std::string& scaling,
                     bool labels_first) {
  Source source;
  source.name = wanted;
  if (wanted == "auto") {
    const auto with_labels =
        std::count_if(cases.begin(), cases.end(), [](const Case& item) { return item.inputs.count("labels") != 0; });
    const bool targets = std::any_of(cases.begin(), cases.end(), [](const Case& item) { return bool(item.target); });
    const bool all_labels = with_labels == static_cast<std::ptrdiff_t>(cases.size());
    source.name = (labels_first && all_labels) || (!targets && with_labels > 0) ? "labels" : "target";
  }
  for (const Case& item : cases) volume_of_case(item, source.name);
  source.scaling = scaling;
  if (source.name == "labels") {
    source.scaling = "labels";
  } else if (scaling == "auto") {
    source.scaling = source.name == "target" || source.name == "fbp" ? "hu" : "percentile";
  }
  return source;
}

std::vector<Sample> load_images(const std::vector<Case>& cases, const Source& source, const nn::HuMap& hu_map,
                                Provenance& provenance, const std::string& use) {
  std::vector<Sample> samples;
  Progress progress("loading", static_cast<std::int64_t>(cases.size()), "case");
  for (const Case& item : cases) {
    throw_if_stop_requested();
    samples.push_back(with_context("case '" + item.id + "'", [&] { return read_image(item, source, hu_map); }));
    provenance.add_source(volume_of_case(item, source.name), use);
    if (item.mask) provenance.add_source(*item.mask, use);
    progress.advance();
  }
  return samples;
}

std::array<double, 2> edge_range_mm(const std::vector<Sample>& samples) {
  std::array<double, 2> range{0, 0};
  for (const Sample& sample : samples) {
    const double edge = sample.grid.mean_edge_mm();
    range[0] = range[0] == 0 ? edge : std::min(range[0], edge);
    range[1] = std::max(range[1], edge);
  }
  return range;
}

LabelClasses classes_of(const std::vector<const std::vector<Sample>*>& sets, const Json& groups) {
  std::set<std::int64_t> values;
  for (const auto* samples : sets) {
    for (const Sample& sample : *samples) values.merge(label_values(sample.target));
  }
  return groups.is_null() ? LabelClasses(values) : LabelClasses(values, groups);
}

void to_places(std::vector<Sample>& samples, const LabelClasses& classes) {
  for (Sample& sample : samples) sample.target = classes.places(sample.target);
}

ValueClasses::ValueClasses(const Source& source, const nn::HuMap& hu_map) {
  if (source.scaling != "hu") {
    bounds.assign(bounds_of_units.begin(), bounds_of_units.end());
    return;
  }
  for (const double bound : bounds_hu) {
    bounds.push_back((bound - hu_map.low_hu) * 2.0 / (hu_map.high_hu - hu_map.low_hu) - 1.0);
  }
}

Json ValueClasses::json(const nn::HuMap& hu_map) const {
  auto hu = Json::array();
  for (const double bound : bounds) hu.push_back(std::round((bound + 1) * hu_map.hu_per_unit() + hu_map.low_hu));
  return {{"upper_bounds_hu", hu}};
}

Tensor ValueClasses::of(const Tensor& image) const {
  Tensor classes = torch::zeros_like(image, torch::kInt64);
  for (const double bound : bounds) classes += (image > bound).to(torch::kInt64);
  return classes;
}

}  // namespace gdm::data
