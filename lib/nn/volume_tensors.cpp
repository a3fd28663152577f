#include "nn/volume_tensors.hpp"

#include <algorithm>
#include <cmath>

#include "nn/host.hpp"

namespace gdm::nn {

Tensor tensor_of(const Volume& volume) {
  const auto& n = volume.grid.shape_ijk;
  return torch::from_blob(const_cast<float*>(volume.voxels.data()), {n[2], n[1], n[0]}, torch::kFloat32);
}

Tensor tensor_of(const Mask& mask) {
  const auto& n = mask.grid.shape_ijk;
  return torch::from_blob(const_cast<std::uint8_t*>(mask.voxels.data()), {n[2], n[1], n[0]}, torch::kUInt8);
}

Volume volume_of(const Tensor& tensor, const Grid& grid) {
  Volume volume(grid, 0.0F);
  tensor_of(volume).copy_(tensor);
  return volume;
}

bool all_finite(const Tensor& values) {
  const auto [least, most] = values.aminmax();  // NaN if any is
  return std::isfinite(host_value<double>(least.to(torch::kFloat64))) &&
         std::isfinite(host_value<double>(most.to(torch::kFloat64)));
}

Tensor air_outside(const Tensor& image, const Tensor& mask) {
  return torch::where(mask > 0, image, torch::full({}, air_units, image.options().requires_grad(false)));
}

Tensor with_turned_axes(const Tensor& x, const std::array<std::int64_t, 3>& order,
                        const std::array<bool, 3>& backward) {
  const std::int64_t first = x.dim() - 3;
  std::vector<std::int64_t> dims, flipped;
  for (std::int64_t dim = 0; dim < first; ++dim) dims.push_back(dim);
  for (std::size_t axis = 0; axis < 3; ++axis) {
    dims.push_back(first + order[axis]);
    if (backward[axis]) flipped.push_back(first + static_cast<std::int64_t>(axis));
  }
  const Tensor turned = x.permute(dims);
  return (flipped.empty() ? turned : turned.flip(flipped)).contiguous();
}

Overlap overlap(const Tensor& volume, const Tensor& patch, const PatchStart& start_dhw) {
  Overlap both{volume, patch};
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const std::int64_t in_volume = volume.dim() - 3 + static_cast<std::int64_t>(axis),
                       in_patch = patch.dim() - 3 + static_cast<std::int64_t>(axis);
    const std::int64_t from = std::max<std::int64_t>(0, start_dhw[axis]);
    const std::int64_t to = std::min(volume.size(in_volume), start_dhw[axis] + patch.size(in_patch));
    if (from >= to) return {};
    both.of_volume = both.of_volume.slice(in_volume, from, to);
    both.of_patch = both.of_patch.slice(in_patch, from - start_dhw[axis], to - start_dhw[axis]);
  }
  return both;
}

Tensor cut_patch(const Tensor& volume, const PatchStart& start_dhw, const model::PatchShape& patch, double fill) {
  Tensor out = torch::full({volume.size(0), patch[0], patch[1], patch[2]}, fill, volume.options());
  const Overlap both = overlap(volume, out, start_dhw);
  if (both.of_patch.defined()) both.of_patch.copy_(both.of_volume);
  return out;
}

}  // namespace gdm::nn
