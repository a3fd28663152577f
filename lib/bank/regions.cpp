#include "bank/regions.hpp"

#include <set>

#include "data/placement.hpp"

namespace gdm::bank {
namespace {

Tensor hat(std::int64_t edge) {
  const Tensor from_centre = (torch::arange(edge, torch::kFloat32) - 0.5 * static_cast<double>(edge - 1)).abs();
  return (1 - from_centre / (0.5 * static_cast<double>(edge))).clamp_min(1e-3);
}

}  // namespace

std::vector<PatchStart> covering_patches(const Tensor& mask, std::int64_t edge) {
  const std::int64_t half = std::max<std::int64_t>(1, edge / 2), quarter = (edge - half) / 2;
  const Tensor inside = mask[0], middle = torch::empty({half, half, half}, mask.options());
  const std::array<std::int64_t, 3> size_dhw{inside.size(0), inside.size(1), inside.size(2)};
  std::set<PatchStart> starts;
  for (std::int64_t d = 0; d < size_dhw[0]; d += half) {
    for (std::int64_t h = 0; h < size_dhw[1]; h += half) {
      for (std::int64_t w = 0; w < size_dhw[2]; w += half) {
        if (!nn::overlap(inside, middle, {d, h, w}).of_volume.any().item<bool>()) continue;
        PatchStart start{d - quarter, h - quarter, w - quarter};
        for (std::size_t axis = 0; axis < 3; ++axis) {
          start[axis] = data::moved_inside(start[axis], size_dhw[axis], edge);
        }
        starts.insert(start);
      }
    }
  }
  return {starts.begin(), starts.end()};
}

Tensor interpolated(const std::vector<PatchStart>& starts, const std::vector<double>& values, std::int64_t edge,
                    const std::array<std::int64_t, 3>& size_dhw) {
  const Tensor line = hat(edge);
  const Tensor weight = line.view({-1, 1, 1}) * line.view({1, -1, 1}) * line.view({1, 1, -1});
  Tensor sum = torch::zeros({size_dhw[0], size_dhw[1], size_dhw[2]}), weights = torch::zeros_like(sum);
  for (std::size_t n = 0; n < starts.size(); ++n) {
    const nn::Overlap to = nn::overlap(sum, weight, starts[n]);
    to.of_volume.add_(to.of_patch, values[n]);
    nn::overlap(weights, weight, starts[n]).of_volume.add_(to.of_patch);
  }
  return sum.div_(weights.clamp_min_(1e-12));
}

}  // namespace gdm::bank
