// Volumes with their axes in wanted directions: voxels are moved in the file and not in the patient.
#pragma once

#include <string>

#include "io/manifest.hpp"
#include "io/sidecar.hpp"

namespace gdm::prep {

/// Reads `source` and writes the same voxels, at the same world positions and with the same values, stored along the
/// directions `letters` ("RAS", ...; image/orientation.hpp), with its sidecar. Types as write_as_stored() has them.
void reorient_volume(const fs::path& source, const fs::path& output, const std::string& letters,
                     const Provenance& provenance, Overwrite overwrite);

/// Every volume of the case, to the places that case_volumes() names.
void reorient_case(const Case& item, const fs::path& folder, const std::string& letters, const Provenance& provenance,
                   Overwrite overwrite);

/// Throws Error unless it is one of the 48 codes.
void require_orientation(const std::string& letters);

}  // namespace gdm::prep
