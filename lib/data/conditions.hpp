// What a generator sees: which inputs of the cases, in which order, scaled how.
#pragma once

#include "image/volume.hpp"
#include "io/manifest.hpp"
#include "nn/generator_config.hpp"

namespace gdm::data {

/// The inputs that stand for the conditions. `wanted` empty: for "sparse-ct" the input "fbp"; for "mr2ct" every input
/// of the first training case but those that hold labels (by their name, "labels", or by image/label_check.hpp), which
/// a warning names. `scalings`: as model/scaling_choice.hpp reads them. What they do not name is in HU if it is the
/// first of "sparse-ct", "fbp" or by its sidecar a reconstruction, and where the first case's volume looks like it
/// (image/hu_check.hpp), in percentiles otherwise; an info line states what was seen. A range without ends goes from
/// the least 0.5th to the largest 99.5th percentile of the training cases. A "sparse-ct" network adds to the first.
/// Throws Error for another task, an input that the first case lacks or that is named twice, a scaling of something
/// else.
void choose_conditions(const Manifest& manifest, const std::vector<std::string>& wanted,
                       const std::vector<std::string>& scalings, nn::GeneratorConfig& config);

}  // namespace gdm::data
