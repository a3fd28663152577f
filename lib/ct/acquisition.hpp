// How the scan behind a sinogram or behind its filtered back-projection was made, as the sidecars of gdm-recon tell it.
#pragma once

#include <cstdint>
#include <filesystem>

#include "io/json.hpp"

namespace gdm::ct {

/// {"geometry", "views", "angular_range_deg", "view_spacing", "photons", "oversample"} of a sinogram, "geometry" being
/// the kind of its scan (parallel, fan, cone, poses), "view_spacing" even or uneven (has_view_gap()), which older
/// sidecars do not tell; besides {"filter"} of an FBP or FDK, {"method", "strength_mm", "iterations", "weights",
/// "start", ...} of what was made by iterations. What the sidecar does not tell is left out: the object is empty for a
/// volume without sidecar and for one of other making.
Json sinogram_acquisition(const std::filesystem::path& sinogram);
Json reconstruction_acquisition(const std::filesystem::path& volume);

/// Rays that stand for the width of a detector element in a reconstruction of this acquisition. Elements of a real
/// detector are as wide as their spacing, a simulated scan of single rays has none. Two rays tell most of it, and never
/// are those that --oversample simulated, so that nothing inverts its own sums.
std::int64_t rays_per_element(const Json& sinogram_acquisition);

}  // namespace gdm::ct
