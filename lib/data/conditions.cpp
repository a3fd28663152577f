#include "data/conditions.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "ct/acquisition.hpp"
#include "data/samples.hpp"
#include "image/hu_check.hpp"
#include "image/label_check.hpp"
#include "io/nifti/nifti.hpp"
#include "model/scaling_choice.hpp"
#include "nn/volume_tensors.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/signals.hpp"

namespace gdm::data {
namespace {

std::vector<std::string> images_among_inputs(const Case& item) {
  std::vector<std::string> names;
  for (const auto& [name, path] : item.inputs) {
    if (name != "labels" && !looks_like_labels(read_volume(path))) {
      names.push_back(name);
    } else {
      log_warning(fmt::format("input '{}' holds labels and is no condition; --conditions can name it", name));
    }
  }
  if (names.empty()) throw Error("case '" + item.id + "': no inputs to learn from; --conditions can name label maps");
  return names;
}

/// The range of "NAME=range" from the training cases.
nn::RawRange training_range(const Manifest& manifest, const std::string& name) {
  const nn::Condition percentiles{name, "percentile", 0, 0, true};
  nn::RawRange range{0, 0};
  bool first = true;
  for (const Case& item : usable_cases(manifest, "train")) {
    throw_if_stop_requested();
    const Volume volume = read_volume(item.input(name));
    const nn::RawRange own =
        with_context("case '" + item.id + "'", [&] { return nn::raw_range(nn::tensor_of(volume), percentiles, {}); });
    range = first ? own : nn::RawRange{std::min(range.low, own.low), std::max(range.high, own.high)};
    first = false;
  }
  return range;
}

nn::Condition scaled_as_wanted(const Manifest& manifest, const model::ScalingChoice& wanted) {
  nn::Condition condition{wanted.name, wanted.kind, 0, 0, true};
  if (wanted.kind == "range") {
    const nn::RawRange range =
        wanted.range ? nn::RawRange{wanted.range->at(0), wanted.range->at(1)} : training_range(manifest, wanted.name);
    condition.low = range.low;
    condition.high = range.high;
  }
  return condition;
}

/// From the values of the first case, and what was seen is said.
nn::Condition scaled_by_its_values(const std::string& name, const Volume& volume) {
  nn::Condition condition{name, looks_like_hu(volume.voxels) ? "hu" : "percentile", 0, 0, true};
  const auto [least, most] = std::minmax_element(volume.voxels.begin(), volume.voxels.end());
  log_info(
      fmt::format("input '{}': values from {:.5g} to {:.5g} in the first case, scaling {} (--scaling {}=... sets it)",
                  name, *least, *most, condition.scaling, name));
  return condition;
}

/// "percentile" remembers whether there were values below 0, as images without them are of another kind.
void remember_sign(nn::Condition& condition, const Volume& volume) {
  condition.below_zero = nn::raw_range(nn::tensor_of(volume), condition, {}).low < 0;
}

/// `is_ct`: what the network adds a CT to. Other inputs beside it may be of any kind, such as an MR.
nn::Condition chosen_condition(const Manifest& manifest, const Case& first, const std::string& name, bool is_ct,
                               const std::vector<model::ScalingChoice>& scalings) {
  const auto wanted = std::find_if(scalings.begin(), scalings.end(), [&](const auto& s) { return s.name == name; });
  const bool reconstruction = is_ct || name == "fbp" || !ct::reconstruction_acquisition(first.input(name)).empty();
  if (wanted == scalings.end() && reconstruction) return {name, "hu", 0, 0, true};
  const Volume volume = read_volume(first.input(name));
  require_finite(nn::tensor_of(volume), first.input(name));
  nn::Condition condition =
      wanted != scalings.end() ? scaled_as_wanted(manifest, *wanted) : scaled_by_its_values(name, volume);
  if (condition.scaling == "percentile") remember_sign(condition, volume);
  return condition;
}

}  // namespace

void choose_conditions(const Manifest& manifest, const std::vector<std::string>& wanted,
                       const std::vector<std::string>& scalings, nn::GeneratorConfig& config) {
  const bool sparse = manifest.task == "sparse-ct";
  if (!sparse && manifest.task != "mr2ct") {
    throw Error(fmt::format("task '{}' is not one that can be trained; expected sparse-ct or mr2ct", manifest.task));
  }
  const Case first = usable_cases(manifest, "train").front();
  std::vector<std::string> names = wanted;
  if (names.empty()) names = sparse ? std::vector<std::string>{"fbp"} : images_among_inputs(first);
  std::vector<model::ScalingChoice> parsed;
  for (const std::string& text : scalings) {
    parsed.push_back(with_context("--scaling", [&] { return model::parse_scaling(text); }));
    const auto same = [&](const model::ScalingChoice& choice) { return choice.name == parsed.back().name; };
    if (std::count_if(parsed.begin(), parsed.end(), same) > 1) {
      throw Error(fmt::format("--scaling: '{}' is given twice", parsed.back().name), Exit::usage);
    }
    if (std::count(names.begin(), names.end(), parsed.back().name) == 0) {
      throw Error(
          fmt::format("--scaling: '{}' is no condition; there are {}", parsed.back().name, fmt::join(names, ", ")),
          Exit::usage);
    }
  }
  config.task = manifest.task;
  config.residual_on_first = sparse;
  for (const std::string& name : names) {
    if (std::count(names.begin(), names.end(), name) > 1) {
      throw Error("--conditions names '" + name + "' twice", Exit::usage);
    }
    config.conditions.push_back(with_context("case '" + first.id + "'", [&] {
      first.input(name);
      const bool is_ct = sparse && config.conditions.empty();
      return chosen_condition(manifest, first, name, is_ct, parsed);
    }));
  }
}

}  // namespace gdm::data
