// The voxel-to-world transform that a NIfTI header states, by the three methods of nifti1.h.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "image/volume.hpp"

namespace gdm {

/// Transform fields of either header version, in native byte order.
struct NiftiTransforms {
  int sform_code = 0, qform_code = 0;
  std::array<double, 8> pixdim{};
  std::array<double, 3> quaternion{}, offset{};
  std::array<std::array<double, 4>, 3> srow{};
  int xyz_unit = 2;  ///< 0 unknown (taken as mm), 1 m, 2 mm, 3 um
  std::int64_t axes = 3;
};

/// sform if its code is > 0 (and, where the qform has one, too, it is not all zeros: then its code becomes 0), else
/// qform, else pixdim; in millimetres. Appends warnings (sform and qform apart by more than 0.1 voxel, sheared axes,
/// other units). Throws Error for a transform that is not finite or is singular.
Grid grid_of_transforms(const NiftiTransforms& transforms, const Index3& shape_ijk, std::vector<std::string>& warnings);

}  // namespace gdm
