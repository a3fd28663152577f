// Which planes of a stored volume are scanned: the axial ones, however its file orders and flips the axes.
#pragma once

#include "image/orientation.hpp"

namespace gdm::ct {

/// How a volume is turned before it is scanned (ct/parallel.hpp): k runs along the stored axis nearest to head-foot, to
/// superior; of the other two i runs to the left and j to posterior, as in standard_orientation, so that the angles
/// are the patient's. The same anatomy stored in any of the 48 orientations gives the same turned volume, oblique or
/// not; equally near axes are told apart by where they point.
AxisMap axial_axes(const Grid& grid);

/// Angle between the slices' normal and head-foot, 0 to 55 degrees.
double axial_tilt_deg(const Grid& grid);

/// Turned, or the volume itself where nothing is to be done.
Volume turned(Volume volume, const AxisMap& axes);
/// Back to `grid`, of which reoriented(grid, axes) is the volume's.
Volume turned_back(Volume volume, const AxisMap& axes, const Grid& grid);

}  // namespace gdm::ct
