// Slices as the projectors see them, and how lines cross them: of use inside ct/ alone.
//
// The projectors walk 16 slices at once: the geometry is the same for every slice, so each interpolation weight is
// computed once and applied to one vector of 16 neighbouring slices, without gathers.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "ct/parallel.hpp"
#include "sys/clones.hpp"
#include "sys/parallel.hpp"

namespace gdm::ct {

constexpr std::int64_t lane_count = 16;  // one cache line of float

/// gcc takes 16 bytes for the alignment of such a vector where AVX is off, and 64 in the versions of a loop where it is
/// on.
struct alignas(lane_count * sizeof(float)) Lanes {
  float v __attribute__((vector_size(lane_count * sizeof(float))));
};

/// One slice's pixels; slabs of 16 slices are stored with a border of one zero pixel on each side.
struct Plane {
  std::int64_t ni, nj;
  double dx_mm, dy_mm;

  explicit Plane(const Grid& grid)
      : ni(grid.shape_ijk[0]), nj(grid.shape_ijk[1]), dx_mm(grid.spacing_mm()[0]), dy_mm(grid.spacing_mm()[1]) {}
  std::int64_t row() const { return ni + 2; }
  std::int64_t pixels() const { return row() * (nj + 2); }
  std::int64_t at(std::int64_t i, std::int64_t j) const { return i + 1 + row() * (j + 1); }
};

/// Copies slices k0 .. k0+count-1 into the lanes of `slab`; the border and unused lanes stay zero.
inline void load_slab(const float* volume, const Plane& plane, std::int64_t k0, std::int64_t count,
                      std::vector<Lanes>& slab) {
  slab.assign(static_cast<std::size_t>(plane.pixels()), Lanes{});
  for (std::int64_t j = 0; j < plane.nj; ++j) {
    for (std::int64_t lane = 0; lane < count; ++lane) {
      const float* in = volume + plane.ni * (j + plane.nj * (k0 + lane));
      Lanes* out = &slab[static_cast<std::size_t>(plane.at(0, j))];
      for (std::int64_t i = 0; i < plane.ni; ++i) out[i].v[lane] = in[i];
    }
  }
}

/// Calls body(first slice, number of slices) for each block of 16 slices, in parallel.
template <class Body>
void for_each_slab(std::int64_t slices, Body&& body) {
  parallel_for((slices + lane_count - 1) / lane_count, [&](std::int64_t block) {
    const std::int64_t k0 = block * lane_count;
    body(k0, std::min(lane_count, slices - k0));
  });
}

/// How the lines of one view cross a slice. Along the major axis (index m) each line takes one sample per row; its
/// padded index along the minor axis is start + per_detector * d + per_row * m.
struct ViewWalk {
  std::int64_t rows, minor_size;
  std::int64_t row_stride, minor_stride;  // in pixels of a padded slab
  double start, per_detector, per_row;
  double sample_mm;  // length of line per sample

  ViewWalk(const Plane& plane, const ParallelScan& scan, std::int64_t view) {
    const double c = std::cos(scan.angle_rad(view)), s = std::sin(scan.angle_rad(view));
    // The major axis is j where a step of one row moves the line by at most one pixel in i.
    const bool along_j = std::abs(s) * plane.dy_mm <= std::abs(c) * plane.dx_mm;
    const double major_mm = along_j ? plane.dy_mm : plane.dx_mm, minor_mm = along_j ? plane.dx_mm : plane.dy_mm;
    const double to_minor = along_j ? c : s, to_major = along_j ? s : c;
    rows = along_j ? plane.nj : plane.ni;
    minor_size = along_j ? plane.ni : plane.nj;
    row_stride = along_j ? plane.row() : 1;
    minor_stride = along_j ? 1 : plane.row();
    per_detector = scan.detector_spacing_mm / (to_minor * minor_mm);
    per_row = -to_major * major_mm / (to_minor * minor_mm);
    const double centre = 0.5 * static_cast<double>(minor_size - 1) + 1.0;
    start = centre - per_detector * 0.5 * static_cast<double>(scan.detectors - 1) -
            per_row * 0.5 * static_cast<double>(rows - 1);
    sample_mm = major_mm / std::abs(to_minor);
  }

  /// Calls visit(detector, cell, weight of the next cell) for each line that passes between two cells of a row, whose
  /// cells are counted along the minor axis from the border; `first` is where the line of detector 0 passes.
  template <class Visit>
  GDM_INLINE void for_each_in_row(double first, std::int64_t detectors, Visit&& visit) const {
    const double limit = static_cast<double>(minor_size + 1);
    const double end_a = -first / per_detector, end_b = (limit - first) / per_detector;
    const double last_d = static_cast<double>(detectors - 1);
    const auto from = static_cast<std::int64_t>(std::clamp(std::floor(std::min(end_a, end_b)), 0.0, last_d));
    const auto to = static_cast<std::int64_t>(std::clamp(std::ceil(std::max(end_a, end_b)), 0.0, last_d));
    for (std::int64_t d = from; d <= to; ++d) {
      const double position = first + per_detector * static_cast<double>(d);
      if (!(position > 0.0 && position < limit)) continue;
      const auto cell = static_cast<std::int64_t>(position);
      visit(d, cell, static_cast<float>(position - static_cast<double>(cell)));
    }
  }

  /// Calls visit(detector, pixel, next pixel, weight of next pixel) for each sample that touches the slice.
  template <class Visit>
  GDM_INLINE void for_each_sample(std::int64_t detectors, Visit&& visit) const {
    for (std::int64_t m = 0; m < rows; ++m) {
      const std::int64_t row = (m + 1) * row_stride;
      for_each_in_row(
          start + per_row * static_cast<double>(m),
          detectors, [&](std::int64_t d, std::int64_t cell, float f) __attribute__((always_inline)) {
            const std::int64_t pixel = row + cell * minor_stride;
            visit(d, pixel, pixel + minor_stride, f);
          });
    }
  }
};

}  // namespace gdm::ct
