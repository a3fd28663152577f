// Distances between rows of features as the manifolds need them: computed directly, not from a matrix product, for
// those of equal rows must be exactly 0, and those of a pair the same in both directions, or rows on the boundary of a
// ball would fall in or out by rounding.
#pragma once

#include <Eigen/Core>
#include <limits>

#include "metrics/feature_rows.hpp"

namespace gdm::metrics {

constexpr float infinite_distance = std::numeric_limits<float>::infinity();

/// Squared Euclidean distance of row i of `a` and row j of `b`.
inline float squared_distance(const FeatureMatrix& a, std::int64_t i, const FeatureMatrix& b, std::int64_t j) {
  using Row = Eigen::Map<const Eigen::VectorXf>;
  return (Row(a.values.data() + i * a.dims, a.dims) - Row(b.values.data() + j * b.dims, b.dims)).squaredNorm();
}

/// The k smallest values seen, in ascending order; `list` holds k numbers that start at infinity.
inline void keep_smallest(float value, float* list, int k) {
  if (value >= list[k - 1]) return;
  int at = k - 1;
  for (; at > 0 && list[at - 1] > value; --at) list[at] = list[at - 1];
  list[at] = value;
}

}  // namespace gdm::metrics
