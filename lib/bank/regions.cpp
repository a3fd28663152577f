#include "bank/regions.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace gdm::bank {
namespace {

using Range = std::array<std::int64_t, 2>;

/// Of the voxels of an axis that begin at `first` the part in the volume.
Range clipped(std::int64_t first, std::int64_t edge, std::int64_t extent) {
  return {std::clamp<std::int64_t>(first, 0, extent), std::clamp<std::int64_t>(first + edge, 0, extent)};
}

Tensor hat(std::int64_t edge) {
  const Tensor from_centre = (torch::arange(edge, torch::kFloat32) - 0.5 * static_cast<double>(edge - 1)).abs();
  return (1 - from_centre / (0.5 * static_cast<double>(edge))).clamp_min(1e-3);
}

}  // namespace

std::vector<PatchPlace> covering_patches(const Tensor& mask, std::int64_t edge) {
  const std::int64_t half = std::max<std::int64_t>(1, edge / 2), quarter = (edge - half) / 2;
  const Tensor inside = mask[0];
  std::array<std::int64_t, 3> halves{};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    halves[axis] = (inside.size(static_cast<std::int64_t>(axis)) + half - 1) / half;
  }
  std::set<PatchPlace> places;
  for (std::int64_t d = 0; d < halves[0]; ++d) {
    for (std::int64_t h = 0; h < halves[1]; ++h) {
      for (std::int64_t w = 0; w < halves[2]; ++w) {
        Tensor middle = inside;
        PatchPlace place{d * half, h * half, w * half};
        for (std::size_t axis = 0; axis < 3; ++axis) {
          const auto dim = static_cast<std::int64_t>(axis);
          const std::int64_t extent = inside.size(dim), last = extent - edge;
          const Range range = clipped(place[axis], half, extent);
          middle = middle.slice(dim, range[0], range[1]);
          place[axis] = last >= 0 ? std::clamp<std::int64_t>(place[axis] - quarter, 0, last) : last / 2;
        }
        if (middle.any().item<bool>()) places.insert(place);
      }
    }
  }
  return {places.begin(), places.end()};
}

Tensor interpolated(const std::vector<PatchPlace>& places, const std::vector<double>& values, std::int64_t edge,
                    const std::array<std::int64_t, 3>& size_dhw) {
  const Tensor line = hat(edge);
  const Tensor weight = line.view({-1, 1, 1}) * line.view({1, -1, 1}) * line.view({1, 1, -1});
  Tensor sum = torch::zeros({size_dhw[0], size_dhw[1], size_dhw[2]}), weights = torch::zeros_like(sum);
  for (std::size_t n = 0; n < places.size(); ++n) {
    Tensor part = weight, to = sum, to_weights = weights;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto dim = static_cast<std::int64_t>(axis);
      const Range range = clipped(places[n][axis], edge, size_dhw[axis]);
      part = part.slice(dim, range[0] - places[n][axis], range[1] - places[n][axis]);
      to = to.slice(dim, range[0], range[1]);
      to_weights = to_weights.slice(dim, range[0], range[1]);
    }
    to.add_(part, values[n]);
    to_weights.add_(part);
  }
  return sum.div_(weights.clamp_min_(1e-12));
}

}  // namespace gdm::bank
