// What a generator sees: which inputs of the cases, in which order, scaled how.
#pragma once

#include "image/volume.hpp"
#include "io/manifest.hpp"
#include "nn/generator.hpp"

namespace gdm::train {

/// The inputs that stand for the conditions. `wanted` empty: for "sparse-ct" the input "fbp"; for "mr2ct" every input
/// of the first training case but those that hold labels (by their name, "labels", or by their voxels: whole numbers in
/// large areas). Scaled in HU for "sparse-ct" and for "fbp", by percentile otherwise; a "sparse-ct" network adds to the
/// first. Throws Error for another task, an input that the first case lacks or that is named twice.
void choose_conditions(const Manifest& manifest, const std::vector<std::string>& wanted, nn::GeneratorConfig& config);

/// All voxels are whole numbers, and most neighbours along i of which one is not 0 are equal: classes, not intensities.
bool looks_like_labels(const Volume& volume);

}  // namespace gdm::train
