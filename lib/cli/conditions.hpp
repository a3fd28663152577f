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
/// finite, for one value everywhere, and as require_scale() does.
std::vector<Volume> read_conditions(const Json& description, const std::vector<ConditionFile>& files);

/// Throws Error, and warns, of a volume whose values are not what the model's `condition` (of its description) learnt
/// from: no HU where it takes HU, or a CT where it takes an image without values below 0. `title` begins the messages.
void require_scale(const Json& condition, const Volume& volume, const std::string& title);

/// The volumes slice by slice. Throws Error for one that is not on `grid` (any more). Files only.
std::vector<SliceReader> open_conditions(const std::vector<ConditionFile>& files, const Grid& grid, bool quiet);
/// Throws and warns as read_conditions() does of models that take HU, with few slices in memory at a time.
void check_conditions(const Json& description, const std::vector<ConditionFile>& files, const Grid& grid);
/// Throws Error for a mask that cannot be read, lies on another grid or is empty.
Mask read_mask_of(const fs::path& path, const Grid& grid);
/// The same, with few slices in memory at a time.
void check_mask(const fs::path& path, const Grid& grid);

/// The headers alone: the grid that all of them share. Throws Error as read_conditions() does. Files only.
Grid grid_of_conditions(const std::vector<ConditionFile>& files);

}  // namespace gdm::cli
