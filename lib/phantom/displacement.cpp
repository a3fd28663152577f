#include "phantom/displacement.hpp"

#include <algorithm>
#include <cmath>

namespace gdm::phantom {
namespace {

constexpr double structure_mm = 40;                           // lattice of the smooth part
constexpr double largest_turn_deg = 2, largest_shift_mm = 2;  // before both are scaled together

}  // namespace

Misregistration::Misregistration(Random& random, const Grid& grid, double rms_mm)
    : shape_(grid.shape_ijk), spacing_mm_(grid.spacing_mm()) {
  const auto spread = [&random](double range) { return static_cast<float>(random.uniform(-range, range)); };
  rotation_ = rotation_deg({spread(largest_turn_deg), spread(largest_turn_deg), spread(largest_turn_deg)});
  shift_mm_ = {spread(largest_shift_mm), spread(largest_shift_mm), spread(largest_shift_mm)};
  const double step_voxels = std::max(1.0, structure_mm / grid.mean_edge_mm());
  for (int axis = 0; axis < 3; ++axis) smooth_.emplace_back(random, shape_, step_voxels);
  smooth_mm_ = static_cast<float>(rms_mm / std::sqrt(6.0));
  constexpr std::int64_t points = 8;  // along each axis
  double squares = 0;
  for (std::int64_t n = 0; n < points * points * points; ++n) {
    const auto place = [&](std::size_t axis, std::int64_t m) { return m * (shape_[axis] - 1) / (points - 1); };
    const float moved =
        length(rigid_mm(place(0, n % points), place(1, n / points % points), place(2, n / (points * points))));
    squares += static_cast<double>(moved) * moved / (points * points * points);
  }
  rigid_scale_ = static_cast<float>(rms_mm / std::sqrt(2 * std::max(squares, 1e-12)));
}

Vec3 Misregistration::rigid_mm(std::int64_t i, std::int64_t j, std::int64_t k) const {
  const auto from_centre = [&](std::int64_t index, std::size_t axis) {
    return static_cast<float>((static_cast<double>(index) - 0.5 * static_cast<double>(shape_[axis] - 1)) *
                              spacing_mm_[axis]);
  };
  const Vec3 p{from_centre(i, 0), from_centre(j, 1), from_centre(k, 2)};
  return rigid_scale_ * (from_local(rotation_, p) - p + shift_mm_);
}

void Misregistration::slice(std::int64_t k, std::vector<Vec3>& moved_mm) const {
  std::vector<float> smooth[3];
  for (std::size_t axis = 0; axis < 3; ++axis) smooth_[axis].slice(k, smooth[axis]);
  moved_mm.resize(smooth[0].size());
  std::size_t n = 0;
  for (std::int64_t j = 0; j < shape_[1]; ++j) {
    for (std::int64_t i = 0; i < shape_[0]; ++i, ++n) {
      moved_mm[n] = rigid_mm(i, j, k) + smooth_mm_ * Vec3{smooth[0][n], smooth[1][n], smooth[2][n]};
    }
  }
}

}  // namespace gdm::phantom
