// Affine maps of the world, as registrations find them: products, inverses and what they do to points and grids. All
// are row major and act on RAS+ millimetres unless a name says otherwise.
#pragma once

#include "image/volume.hpp"

namespace gdm {

Matrix4 identity_map();
/// First `b`, then `a`.
Matrix4 product(const Matrix4& a, const Matrix4& b);
/// Throws Error if the map is singular.
Matrix4 inverse(const Matrix4& map);
Point3 map_point(const Matrix4& map, const Point3& point);
/// The linear part of a map, shifted so that `from` comes to lie on `to`: a turn about `from` where the two are one.
Matrix4 taking(const Matrix4& linear, const Point3& from, const Point3& to);

/// The same map between LPS+ positions (ITK, DICOM) as between RAS+ positions, and back.
Matrix4 between_lps_and_ras(const Matrix4& map);

/// Where the patient of `moving` lies once every point x of the fixed world is taken from fixed_to_moving(x): the same
/// voxels, placed in the fixed world. Throws Error if the map is singular.
Grid placed(const Grid& moving, const Matrix4& fixed_to_moving_ras_mm);

/// Centre of the grid's field.
Point3 centre_ras_mm(const Grid& grid);

/// The smallest grid along the world's axes, of voxels of this size, that covers the field of `grid`.
Grid world_aligned(const Grid& grid, double spacing_mm);

}  // namespace gdm
