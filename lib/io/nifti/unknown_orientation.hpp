// Volumes whose headers do not say how they lie in the patient.
#pragma once

#include <string>

#include "image/volume.hpp"

namespace gdm {

inline constexpr const char* unknown_orientation_text =
    "sform and qform both have code 0, so left and right are unknown; read by the voxel sizes alone, with i to the "
    "patient's right, j to anterior, k to superior";

inline bool has_unknown_orientation(const Grid& grid) {
  return grid.sform_code <= 0 && grid.qform_code <= 0;
}

/// Whether that is what a logged warning says, for those who count such files instead.
inline bool tells_unknown_orientation(const std::string& warning) {
  return warning.find(unknown_orientation_text) != std::string::npos;
}

}  // namespace gdm
