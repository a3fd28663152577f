// Contours of a planning system (RT Structure Set) as masks on a grid. Files are read in libgdm-itk.
#pragma once

#include <string>
#include <vector>

#include "image/volume.hpp"

namespace gdm::dicom {

/// A closed planar polygon.
using Contour = std::vector<Point3>;

struct Structure {
  std::string name;                 ///< as the file has it
  std::string frame_of_reference;   ///< UID; "" if none is stated
  std::vector<Contour> contours;    ///< corners in LPS+ mm
  std::int64_t other_contours = 0;  ///< open ones and points, which enclose nothing
};

struct Drawn {
  Mask mask;
  std::int64_t outside = 0;  ///< contours of which no part lies in the field of the grid
};

/// Voxels whose centre lies inside an odd number of the contours of a plane: a contour inside another one is a hole, as
/// planning systems draw them; so is a keyhole. Contours lie in the planes of the slices they were drawn on, which need
/// not be those of the grid: each slice (along k) takes the contours of the nearest plane, at most half the least
/// distance of planes away. Throws Error if contours are not parallel to the slices of the grid (by more than half a
/// voxel).
Drawn draw(const Structure& structure, const Grid& grid);

/// Throws Error as draw() does, without drawing.
void require_on_slices(const Structure& structure, const Grid& grid);

/// Names as files may have them: letters, digits, - and _; others become _. Equal ones get -2, -3, ...; "" is
/// "unnamed".
std::vector<std::string> file_names(const std::vector<Structure>& structures);

}  // namespace gdm::dicom
