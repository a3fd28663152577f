// Smooth random fields: what makes outlines irregular, anatomies differ and tissues textured.
#pragma once

#include <cstdint>
#include <vector>

#include "image/volume.hpp"
#include "sys/random.hpp"

namespace gdm::phantom {

/// A stationary field of about mean 0 and standard deviation 1 on a box of voxels: independent normal numbers on a
/// coarse lattice, interpolated with the uniform cubic B-spline (twice continuously differentiable).
class NoiseField {
 public:
  /// `step_voxels` > 0 is the lattice's spacing; structures are about two steps wide.
  NoiseField(Random& random, const Index3& shape_ijk, double step_voxels);
  /// The same on a cube of n^3 voxels.
  NoiseField(Random& random, std::int64_t n, double step_voxels) : NoiseField(random, Index3{n, n, n}, step_voxels) {}
  /// Values of slice k, i fastest. Safe from several threads.
  void slice(std::int64_t k, std::vector<float>& values) const;

 private:
  Index3 shape_, lattice_;
  double step_voxels_;
  std::vector<float> nodes_;  // i fastest
};

}  // namespace gdm::phantom
