// The voxels that a generator was trained on, and the grid that volumes of other voxels are brought to for it.
#pragma once

#include <optional>
#include <string>

#include "image/volume.hpp"
#include "io/json.hpp"

namespace gdm::model {

/// A warning if the mean voxel edge of `grid`, or the ratio of its longest to its shortest edge, does not fit
/// (image/voxel_edge.hpp) the volumes that the generator was trained on; nothing if its description does not tell them.
std::optional<std::string> voxel_edge_warning(const Json& description, const Grid& grid);

/// Beyond these factors, outside the range of the training, nothing that resampling gives is like what the model knows:
/// of the mean voxel edge, and of the ratio of the longest edge to the shortest.
constexpr double most_edge_factor = 4, most_anisotropy_factor = 8;

/// The field of `grid` in voxels that fit: those of the median mean edge of the training; nothing where
/// voxel_edge_warning() says nothing. The proportions of a voxel stay if they fit. Else the edges become
/// the medians of the training along left-right, front-back and head-foot, or, of a model that does not tell them, the
/// ratio of the longest edge to the shortest becomes the nearest that the training had, the logarithms of the edges in
/// proportion; where edges have to become less alike, the one nearest to head-foot becomes the longest, as slices lie.
/// Throws Error, with the figures, beyond the factors above.
std::optional<Grid> working_grid(const Json& description, const Grid& grid);

/// Whether the generator adds to its first input, and that is in HU: of other voxels its change alone need be brought
/// back.
bool adds_to_first(const Json& description);

}  // namespace gdm::model
