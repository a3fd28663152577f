// Where a grid's axes point, in the words of other programs: LPS positions, the origin, spacing and direction cosines
// that ITK keeps, and images whose axes are permuted and flipped to run in wanted anatomical directions.
//
// Letters name the direction in which an index increases, as in nibabel: "LAS" has i growing to the patient's left, j
// to anterior, k to superior. ITK's older three-letter codes name where an axis starts: its RAI is LPS here.
#pragma once

#include <array>
#include <string>

#include "image/volume.hpp"

namespace gdm {

/// How volumes are turned before anything that depends on the order of their axes, so that the result is one of the
/// anatomy and not of the file. LPS is how ITK's images with the identity as their direction lie, SynthRAD2025's among
/// them, so that the values of that challenge's own code, which takes volumes as they are stored, stay as they are.
constexpr const char* standard_orientation = "LPS";

/// The same position in LPS+ millimetres (ITK, DICOM) and in RAS+ millimetres (NIfTI): x and y change their signs.
Point3 lps_of_ras(const Point3& ras_mm);
Point3 ras_of_lps(const Point3& lps_mm);

/// What itk::ImageBase<3> knows of its grid.
struct ItkGeometry {
  Index3 size_ijk{0, 0, 0};
  Point3 origin_lps_mm{};                                ///< centre of voxel (0, 0, 0)
  Point3 spacing_mm{};                                   ///< along i, j, k
  std::array<std::array<double, 3>, 3> direction_lps{};  ///< [row][column]: column a is the unit vector of axis a
};

/// Lossless up to rounding, also for sheared axes (whose direction columns are then not orthogonal; ITK's images hold
/// them, its NIfTI reader refuses them). Throws Error if an axis has no length.
ItkGeometry itk_geometry(const Grid& grid);
/// The inverse; transform codes are the defaults of Grid.
Grid grid_of_itk(const ItkGeometry& geometry);

/// Axis a of the new image runs along axis source[a] of the old one, backwards where flipped[a].
struct AxisMap {
  std::array<std::size_t, 3> source{0, 1, 2};
  std::array<bool, 3> flipped{false, false, false};
};

/// How to reach axes in the directions `letters` ("RAS", "LPS", "PIR", ...: one each of R/L, A/P and S/I). Throws Error
/// with Exit::usage for other letters.
AxisMap axis_map(const Grid& from, const std::string& letters);

/// The way back.
AxisMap inverse(const AxisMap& map);

/// The grid of the mapped image: each voxel keeps its world position. Codes are kept.
Grid reoriented(const Grid& grid, const AxisMap& map);

/// The same voxels at the same world positions, stored along the mapped axes. Nothing is interpolated.
template <class T>
Image<T> reoriented(const Image<T>& image, const AxisMap& map) {
  Image<T> result(reoriented(image.grid, map), T{});
  const Index3& old_shape = image.grid.shape_ijk;
  const Index3 old_stride{1, old_shape[0], old_shape[0] * old_shape[1]};
  Index3 step{};
  std::int64_t first = 0;  // element of the old image that becomes element 0
  for (std::size_t a = 0; a < 3; ++a) {
    const std::int64_t stride = old_stride[map.source[a]];
    step[a] = map.flipped[a] ? -stride : stride;
    if (map.flipped[a]) first += stride * (old_shape[map.source[a]] - 1);
  }
  const Index3& shape = result.grid.shape_ijk;
  std::size_t element = 0;
  for (std::int64_t k = 0; k < shape[2]; ++k) {
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      const std::int64_t row = first + j * step[1] + k * step[2];
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        result.voxels[element++] = image.voxels[static_cast<std::size_t>(row + i * step[0])];
      }
    }
  }
  return result;
}

/// The same with axes in the directions `letters`: going back to the letters of image.grid.orientation() gives the
/// original voxels. Throws as axis_map does.
template <class T>
Image<T> reoriented(const Image<T>& image, const std::string& letters) {
  return reoriented(image, axis_map(image.grid, letters));
}

}  // namespace gdm
