// How the scan behind a sinogram or behind its filtered back-projection was made, as the sidecars of gdm-recon tell it.
#pragma once

#include <filesystem>

#include "io/json.hpp"

namespace gdm::ct {

/// {"geometry", "views", "angular_range_deg", "photons", "oversample"} of a sinogram, "geometry" being the kind of its
/// scan (parallel, fan, cone, poses); besides {"filter"} of an FBP or FDK, {"method", "strength_mm"} of what was made
/// by iterations. What the sidecar does not tell is left out: the object is empty for a volume without sidecar and for
/// one of other making.
Json sinogram_acquisition(const std::filesystem::path& sinogram);
Json reconstruction_acquisition(const std::filesystem::path& volume);

}  // namespace gdm::ct
