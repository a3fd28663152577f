#include "train/generator_conditions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "io/nifti.hpp"
#include "sys/log.hpp"
#include "train/data.hpp"

namespace gdm::train {
namespace {

constexpr double least_equal = 0.5;  // noise leaves far fewer neighbours equal, also in 8-bit images

std::vector<std::string> images_among_inputs(const Case& item) {
  std::vector<std::string> names, labels;
  for (const auto& [name, path] : item.inputs) {
    (name == "labels" || looks_like_labels(read_volume(path)) ? labels : names).push_back(name);
  }
  for (const std::string& name : labels) {
    log_info(fmt::format("input '{}' holds labels and is no condition; --conditions can name it", name));
  }
  if (names.empty()) throw Error("case '" + item.id + "': no inputs to learn from");
  return names;
}

}  // namespace

bool looks_like_labels(const Volume& volume) {
  std::int64_t pairs = 0, equal = 0;
  const std::int64_t row = volume.grid.shape_ijk[0];
  for (std::size_t v = 0; v < volume.voxels.size(); ++v) {
    const float value = volume.voxels[v];
    if (!(value == std::floor(value))) return false;
    if (static_cast<std::int64_t>(v) % row == 0) continue;
    const float before = volume.voxels[v - 1];
    if (value == 0 && before == 0) continue;
    ++pairs;
    equal += value == before ? 1 : 0;
  }
  return pairs > 0 && static_cast<double>(equal) > least_equal * static_cast<double>(pairs);
}

void choose_conditions(const Manifest& manifest, const std::vector<std::string>& wanted, nn::GeneratorConfig& config) {
  const bool sparse = manifest.task == "sparse-ct";
  if (!sparse && manifest.task != "mr2ct") {
    throw Error(fmt::format("task '{}' is not one that can be trained; expected sparse-ct or mr2ct", manifest.task));
  }
  const Case first = usable_cases(manifest, "train").front();
  std::vector<std::string> names = wanted;
  if (names.empty()) names = sparse ? std::vector<std::string>{"fbp"} : images_among_inputs(first);
  config.task = manifest.task;
  config.residual_on_first = sparse;
  for (const std::string& name : names) {
    if (std::count(names.begin(), names.end(), name) > 1) {
      throw Error("--conditions names '" + name + "' twice", Exit::usage);
    }
    with_context("case '" + first.id + "'", [&] { first.input(name); });
    config.conditions.push_back({name, sparse || name == "fbp" ? "hu" : "percentile"});
  }
}

}  // namespace gdm::train
