// What is known about a generator, for people. Needs no network library.
#pragma once

#include <string>

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

}  // namespace gdm::model
