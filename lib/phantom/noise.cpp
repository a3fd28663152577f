// The B-spline is separable: a slice collapses the lattice along k, then each row along j, then each voxel along i.
#include "phantom/noise.hpp"

#include <array>
#include <cmath>

namespace gdm::phantom {
namespace {

struct Knot {
  std::int64_t first;            // of four neighbouring nodes
  std::array<float, 4> weights;  // uniform cubic B-spline
};

Knot knot_at(std::int64_t voxel, double step_voxels) {
  const double position = static_cast<double>(voxel) / step_voxels;
  const double cell = std::floor(position), t = position - cell, u = 1.0 - t;
  return {static_cast<std::int64_t>(cell),
          {static_cast<float>(u * u * u / 6.0), static_cast<float>((3 * t * t * t - 6 * t * t + 4) / 6.0),
           static_cast<float>((3 * u * u * u - 6 * u * u + 4) / 6.0), static_cast<float>(t * t * t / 6.0)}};
}

/// out[n] = sum over a of weights[a] * in[first + a][n], rows of `size`.
void collapse(const Knot& knot, const float* in, std::int64_t size, std::vector<float>& out) {
  out.assign(static_cast<std::size_t>(size), 0.0F);
  for (std::int64_t a = 0; a < 4; ++a) {
    const float w = knot.weights[static_cast<std::size_t>(a)];
    const float* row = in + (knot.first + a) * size;
    for (std::int64_t n = 0; n < size; ++n) out[static_cast<std::size_t>(n)] += w * row[n];
  }
}

}  // namespace

NoiseField::NoiseField(Random& random, const Index3& shape_ijk, double step_voxels)
    : shape_(shape_ijk), lattice_(shape_ijk), step_voxels_(step_voxels) {
  for (std::int64_t& n : lattice_) n = static_cast<std::int64_t>(static_cast<double>(n) / step_voxels) + 5;
  nodes_.resize(static_cast<std::size_t>(voxel_count(lattice_)));
  // The squared weights of the spline sum to 0.48 per axis on average over a cell.
  const double unit_deviation = 1.0 / std::sqrt(0.48 * 0.48 * 0.48);
  for (float& node : nodes_) node = static_cast<float>(unit_deviation * random.normal());
}

void NoiseField::slice(std::int64_t k, std::vector<float>& values) const {
  const std::int64_t ni = shape_[0], nj = shape_[1];
  values.resize(static_cast<std::size_t>(ni * nj));
  std::vector<float> plane, row;
  collapse(knot_at(k, step_voxels_), nodes_.data(), lattice_[0] * lattice_[1], plane);
  std::vector<Knot> knots;
  for (std::int64_t i = 0; i < ni; ++i) knots.push_back(knot_at(i, step_voxels_));
  for (std::int64_t j = 0; j < nj; ++j) {
    collapse(knot_at(j, step_voxels_), plane.data(), lattice_[0], row);
    float* to = values.data() + ni * j;
    for (std::int64_t i = 0; i < ni; ++i) {
      const Knot& knot = knots[static_cast<std::size_t>(i)];
      const float* at = row.data() + knot.first;
      to[i] = knot.weights[0] * at[0] + knot.weights[1] * at[1] + knot.weights[2] * at[2] + knot.weights[3] * at[3];
    }
  }
}

}  // namespace gdm::phantom
