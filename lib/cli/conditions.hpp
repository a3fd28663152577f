// The inputs of a generator as volumes in memory: read from the files of a case, and refused for what no network can
// use, in words that name the file.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "image/volume.hpp"
#include "io/json.hpp"
#include "io/manifest.hpp"
#include "io/nifti/slices.hpp"

namespace gdm::cli {

/// A name of the model's inputs and the file that a case has for it.
using ConditionFile = std::pair<std::string, fs::path>;

/// The volumes in this order, which is that of the model's description; "-" is standard input. Throws Error, naming the
/// file and its input, for what is no 3-D NIfTI volume, for one on another grid than the first, for voxels that are not
/// finite, and for one value everywhere where the model scales each volume by its own values; where it does not, that
/// is a warning.
std::vector<Volume> read_conditions(const Json& description, const std::vector<ConditionFile>& files);

/// The volumes slice by slice. Throws Error for one that is not on `grid` (any more). Files only.
std::vector<SliceReader> open_conditions(const std::vector<ConditionFile>& files, const Grid& grid, bool quiet);
/// Throws and warns as read_conditions() does, and of what is not in HU as a network of whole volumes does, with few
/// slices in memory at a time.
void check_conditions(const Json& description, const std::vector<ConditionFile>& files, const Grid& grid);
/// Throws Error for a mask that cannot be read or lies on another grid, with few slices in memory at a time.
void check_mask(const fs::path& path, const Grid& grid);

/// The headers alone: the grid that all of them share. Throws Error as read_conditions() does. Files only.
Grid grid_of_conditions(const std::vector<ConditionFile>& files);

}  // namespace gdm::cli
