// The inputs of a generator as volumes in memory: read from the files of a case, and refused for what no network can
// use, in words that name the file.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "image/volume.hpp"
#include "io/json.hpp"
#include "io/manifest.hpp"

namespace gdm::cli {

/// A name of the model's inputs and the file that a case has for it.
using ConditionFile = std::pair<std::string, fs::path>;

/// The volumes in this order, which is that of the model's description; "-" is standard input. Throws Error, naming the
/// file and its input, for what is no 3-D NIfTI volume, for one on another grid than the first, for voxels that are not
/// finite, and for one value everywhere where the model scales each volume by its own values; where it does not, that
/// is a warning.
std::vector<Volume> read_conditions(const Json& description, const std::vector<ConditionFile>& files);

/// Throws and warns as read_conditions() does, and of what is not in HU as a network of whole volumes does, with so
/// many slices in memory at a time. Files only.
void check_conditions(const Json& description, const std::vector<ConditionFile>& files);

/// The headers alone: the grid that all of them share. Throws Error as read_conditions() does. Files only.
Grid grid_of_conditions(const std::vector<ConditionFile>& files);

}  // namespace gdm::cli
