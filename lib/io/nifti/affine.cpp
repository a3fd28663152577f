// Quaternions are evaluated in double here: nifti_clib's single-precision version loses more than 1e-6 of a NIfTI-2
// transform.
#include "io/nifti/affine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "sys/error.hpp"

namespace gdm {
namespace {

Matrix4 sform_matrix(const NiftiTransforms& t) {
  Matrix4 matrix{};
  for (std::size_t r = 0; r < 3; ++r) matrix[r] = t.srow[r];
  matrix[3][3] = 1.0;
  return matrix;
}

/// Nothing was written there, or an offset alone.
bool is_blank_sform(const NiftiTransforms& t) {
  return std::all_of(t.srow.begin(), t.srow.end(),
                     [](const auto& row) { return row[0] == 0 && row[1] == 0 && row[2] == 0; });
}

/// Length of a voxel along a spatial axis; an axis the image does not have gets 1 where the header states none.
double zoom(const NiftiTransforms& t, std::size_t axis) {
  const double value = t.pixdim[axis + 1];
  if (static_cast<std::int64_t>(axis) >= t.axes && !(std::isfinite(value) && value > 0)) return 1.0;
  if (!std::isfinite(value) || value <= 0) {
    throw Error(fmt::format("pixdim[{}] is {}, expected a positive length", axis + 1, value));
  }
  return value;
}

/// Method 2 of nifti1.h: rotation from the quaternion (a, b, c, d) with a >= 0, third column times qfac.
Matrix4 qform_matrix(const NiftiTransforms& t) {
  double b = t.quaternion[0], c = t.quaternion[1], d = t.quaternion[2];
  const double squares = b * b + c * c + d * d;
  if (!(squares < 1.001)) {
    throw Error(fmt::format("the quaternion ({}, {}, {}) has length above 1, expected a unit quaternion", b, c, d));
  }
  double a = 1.0 - squares;
  if (a < 1e-7) {  // the single-precision fields leave no more than this of a half turn; nifti1_io.c does the same
    const double scale = 1.0 / std::sqrt(squares);
    b *= scale, c *= scale, d *= scale;
    a = 0.0;
  } else {
    a = std::sqrt(a);
  }
  if (!std::isfinite(t.pixdim[0])) throw Error(fmt::format("pixdim[0] is {}, expected -1 or 1", t.pixdim[0]));
  const double x = zoom(t, 0), y = zoom(t, 1), z = t.pixdim[0] < 0 ? -zoom(t, 2) : zoom(t, 2);
  Matrix4 m{};
  m[0] = {(a * a + b * b - c * c - d * d) * x, 2 * (b * c - a * d) * y, 2 * (b * d + a * c) * z, t.offset[0]};
  m[1] = {2 * (b * c + a * d) * x, (a * a + c * c - b * b - d * d) * y, 2 * (c * d - a * b) * z, t.offset[1]};
  m[2] = {2 * (b * d - a * c) * x, 2 * (c * d + a * b) * y, (a * a + d * d - c * c - b * b) * z, t.offset[2]};
  m[3][3] = 1.0;
  return m;
}

Matrix4 pixdim_matrix(const NiftiTransforms& t) {
  Matrix4 matrix{};
  for (std::size_t axis = 0; axis < 3; ++axis) matrix[axis][axis] = zoom(t, axis);
  matrix[3][3] = 1.0;
  return matrix;
}

/// Throws Error unless the matrix is finite, its axes have usable lengths and none lies in the plane of the others.
void check_matrix(const Grid& grid, const std::string& name) {
  const Matrix4& m = grid.ijk_to_ras_mm;
  for (std::size_t r = 0; r < 3; ++r) {
    for (const double value : m[r]) {
      if (!(std::abs(value) < 1e9)) throw Error(fmt::format("the {} contains {}, expected millimetres", name, value));
    }
  }
  const Point3 spacing = grid.spacing_mm();
  for (const double length : spacing) {
    if (!(length > 1e-6)) throw Error(fmt::format("the {} is singular: an axis has length {} mm", name, length));
  }
  const double det = m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
                     m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
                     m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
  if (!(std::abs(det) > 1e-4 * spacing[0] * spacing[1] * spacing[2])) {
    throw Error(fmt::format("the {} is singular: its axes lie in one plane", name));
  }
}

/// Largest distance between the corners of two grids of one shape, in units of the smaller voxel edge of `a`.
double corner_distance_voxels(const Grid& a, const Grid& b) {
  double largest = 0;
  for (int corner = 0; corner < 8; ++corner) {
    Point3 index{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      index[axis] = (corner >> axis & 1) != 0 ? static_cast<double>(a.shape_ijk[axis] - 1) : 0.0;
    }
    const Point3 p = a.ras_of_index(index), q = b.ras_of_index(index);
    largest = std::max(largest, std::hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]));
  }
  const Point3 spacing = a.spacing_mm();
  return largest / std::min({spacing[0], spacing[1], spacing[2]});
}

void compare_with_qform(const NiftiTransforms& t, const Grid& grid, std::vector<std::string>& warnings) {
  Grid other = grid;
  try {
    other.ijk_to_ras_mm = qform_matrix(t);
    check_matrix(other, "qform");
  } catch (const Error& error) {
    warnings.push_back(fmt::format("the sform is used; the qform is not valid: {}", error.what()));
    return;
  }
  const double apart = corner_distance_voxels(grid, other);
  if (apart > 0.1) {
    warnings.push_back(fmt::format("sform and qform differ by up to {:.3g} voxels; the sform is used", apart));
  }
}

void convert_to_mm(const NiftiTransforms& t, Grid& grid, std::vector<std::string>& warnings) {
  if (t.xyz_unit != 1 && t.xyz_unit != 3) return;
  const double factor = t.xyz_unit == 1 ? 1000.0 : 0.001;
  for (std::size_t r = 0; r < 3; ++r) {
    for (double& value : grid.ijk_to_ras_mm[r]) value *= factor;
  }
  warnings.push_back(
      fmt::format("the header's unit is the {}; converted to millimetres", t.xyz_unit == 1 ? "metre" : "micrometre"));
}

}  // namespace

Grid grid_of_transforms(const NiftiTransforms& t, const Index3& shape_ijk, std::vector<std::string>& warnings) {
  Grid grid;
  grid.shape_ijk = shape_ijk;
  grid.sform_code = t.sform_code;
  grid.qform_code = t.qform_code;
  if (t.sform_code > 0 && t.qform_code > 0 && is_blank_sform(t)) {
    warnings.push_back(fmt::format("the sform has code {} but only zeros; the qform is used", t.sform_code));
    grid.sform_code = 0;
  }
  const bool sform = grid.sform_code > 0;
  const std::string name = sform ? "sform" : t.qform_code > 0 ? "qform" : "pixdim transform";
  grid.ijk_to_ras_mm = sform ? sform_matrix(t) : t.qform_code > 0 ? qform_matrix(t) : pixdim_matrix(t);
  check_matrix(grid, name);
  if (sform && t.qform_code > 0) compare_with_qform(t, grid, warnings);
  convert_to_mm(t, grid, warnings);
  check_matrix(grid, name);
  if (!grid.is_orthogonal()) warnings.push_back(fmt::format("the axes of the {} are not orthogonal (sheared)", name));
  return grid;
}

}  // namespace gdm
