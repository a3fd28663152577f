// Smooth random fields: what makes outlines irregular, anatomies differ and tissues textured.
#pragma once

#include <cstdint>
#include <vector>

#include "sys/random.hpp"

namespace gdm::phantom {

/// A stationary field of about mean 0 and standard deviation 1 on a cube of n^3 voxels: independent normal numbers on
/// a coarse lattice, interpolated with the uniform cubic B-spline (twice continuously differentiable).
class NoiseField {
 public:
  /// `step_voxels` > 0 is the lattice's spacing; structures are about two steps wide.
  NoiseField(Random& random, std::int64_t n, double step_voxels);
  /// Values of slice k, i fastest, n * n of them. Safe from several threads.
  void slice(std::int64_t k, std::vector<float>& values) const;

 private:
  std::int64_t n_, lattice_;
  double step_voxels_;
  std::vector<float> nodes_;  // i fastest, lattice_^3
};

}  // namespace gdm::phantom
