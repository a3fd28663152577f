// What is known about a generator, for people. Needs no network library.
#pragma once

#include <optional>
#include <string>

#include "image/volume.hpp"
#include "io/json.hpp"
#include "io/safetensors.hpp"

namespace gdm::model {

/// The description of a generator file with "sha256" and, also where the file lacks it, "network" (generator_figures())
/// added. Throws Error if it is not a generator.
Json generator_info(const SafetensorsFile& file);

/// The same as lines for `gdm-drift-train info`; what the description lacks is left out.
std::string generator_text(const Json& info);

/// What "patch_voxels" of a generator's description says: "48 voxels along each axis", "128x128x8 voxels".
std::string patch_text(const Json& generator);

/// A warning if the mean voxel edge of `grid`, or the ratio of its longest to its shortest edge, does not fit
/// (image/voxel_edge.hpp) the volumes that the generator was trained on; nothing if its description does not tell them.
std::optional<std::string> voxel_edge_warning(const Json& description, const Grid& grid);

}  // namespace gdm::model
