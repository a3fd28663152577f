#include "objective/energy_score.hpp"

#include <algorithm>
#include <functional>

namespace gdm::objective {
namespace {

/// Of (B, 1, ...) each.
using Distance = std::function<Tensor(const Tensor&, const Tensor&)>;

Tensor ensemble_score(const Tensor& draws, const Tensor& target, const Distance& distance) {
  const std::int64_t count = draws.size(1);
  const auto k = static_cast<double>(count);
  const double of_pairs = fair_part / (k * (k - 1)) + (1 - fair_part) / (k * k);  // each counts twice, over two
  Tensor score;
  for (std::int64_t n = 0; n < count; ++n) {
    const Tensor draw = draws.narrow(1, n, 1);
    const Tensor error = distance(draw, target) / k;
    score = score.defined() ? score + error : error;
    for (std::int64_t m = 0; m < n; ++m) score = score - distance(draw, draws.narrow(1, m, 1)) * of_pairs;
  }
  return score;
}

Tensor weighted_mean(const Tensor& values, const Tensor& weight) {
  return (values * weight).sum() / weight.sum();
}

/// Means over whole blocks.
Tensor pooled(const Tensor& values) {
  const auto edge = [&](int axis) { return std::min(energy_block, values.size(axis)); };
  return torch::avg_pool3d(values, {edge(2), edge(3), edge(4)});
}

}  // namespace

Tensor energy_score(const Tensor& draws, const Tensor& target, const Tensor& weight) {
  constexpr double least_square = 1e-10;  // draws begin alike, and a root has no slope at 0
  const Tensor voxels = ensemble_score(draws, target, [](const Tensor& a, const Tensor& b) { return (a - b).abs(); });
  const Tensor in_block = pooled(weight);
  const Tensor blocks = ensemble_score(draws, target, [&](const Tensor& a, const Tensor& b) {
    return (pooled((a - b).square() * weight) / in_block + least_square).sqrt();
  });
  return 0.5 * (weighted_mean(voxels, weight) + weighted_mean(blocks, in_block));
}

}  // namespace gdm::objective
