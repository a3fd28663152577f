// The one volume type: voxels, and the grid that places them in the patient.
//
// Axis order. A voxel index is (i, j, k) as in NIfTI: i runs fastest in memory, so voxel (i, j, k) is element
// i + ni * (j + nj * k). The network code sees the same memory as a tensor of shape (D, H, W) = (nk, nj, ni).
// World coordinates are RAS+ millimetres (x to the patient's right .. left is negative x), as in NIfTI; ITK and
// DICOM use LPS, which is RAS with the first two coordinates negated (image/orientation.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sys/bytes.hpp"

namespace gdm {

using Index3 = std::array<std::int64_t, 3>;            ///< (i, j, k) or an extent along them
using Point3 = std::array<double, 3>;                  ///< millimetres, or continuous index
using Matrix4 = std::array<std::array<double, 4>, 4>;  ///< row major, last row (0, 0, 0, 1)

/// Number of voxels of a box of this shape.
std::int64_t voxel_count(const Index3& shape_ijk);

struct Grid {
  Index3 shape_ijk{0, 0, 0};
  Matrix4 ijk_to_ras_mm{};
  /// NIfTI transform codes, carried from the input to every output (0 unknown, 1 scanner, 2 aligned, ...).
  int sform_code = 1;
  int qform_code = 1;

  /// Axis-aligned grid centred on the origin, i to the left, j to anterior, k to superior (a common CT layout).
  static Grid centred(const Index3& shape_ijk, const Point3& spacing_mm);

  std::int64_t voxels() const { return voxel_count(shape_ijk); }
  /// Of one index k.
  std::int64_t slice_voxels() const { return shape_ijk[0] * shape_ijk[1]; }
  /// Lengths of the affine's columns.
  Point3 spacing_mm() const;
  /// Geometric mean of the three.
  double mean_edge_mm() const;
  /// Of one voxel, also of a sheared grid.
  double voxel_mm3() const;
  /// Longest to shortest of the three.
  double anisotropy() const;
  /// World position of a continuous index; the centre of voxel (i, j, k) is index (i, j, k).
  Point3 ras_of_index(const Point3& index) const;
  /// Inverse of ras_of_index. Throws Error if the affine is singular (its axes lie in one plane).
  Point3 index_of_ras(const Point3& ras_mm) const;
  /// Anatomical directions in which i, j, k increase, such as "LAS" or "RAS"; each of the three is named once.
  std::string orientation() const;
  /// Largest |cosine| between two axes is below 1e-4.
  bool is_orthogonal() const;
};

/// "256 x 256 x 108 voxels of 0.957 x 0.957 x 1.5 mm, LAS" for messages.
std::string describe(const Grid& grid);

/// A vector whose resize(n) leaves new elements undefined, as a volume is written whole; see sys/bytes.hpp.
template <class T>
using Voxels = std::vector<T, UnfilledAllocator<T>>;

template <class T>
struct Image {
  Grid grid;
  Voxels<T> voxels;

  Image() = default;
  Image(const Grid& on, T value) : grid(on), voxels(static_cast<std::size_t>(on.voxels()), value) {}

  std::size_t offset(std::int64_t i, std::int64_t j, std::int64_t k) const {
    return static_cast<std::size_t>(i + grid.shape_ijk[0] * (j + grid.shape_ijk[1] * k));
  }
  T& at(std::int64_t i, std::int64_t j, std::int64_t k) { return voxels[offset(i, j, k)]; }
  const T& at(std::int64_t i, std::int64_t j, std::int64_t k) const { return voxels[offset(i, j, k)]; }
};

using Volume = Image<float>;       ///< HU for CT, arbitrary units for MR
using Mask = Image<std::uint8_t>;  ///< 0 outside, 1 inside

}  // namespace gdm
