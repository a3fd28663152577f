// The noise channels of a stochastic generator: standard normal noise as a function of (seed, name, place), so that
// patches agree where they overlap, in whatever order and on however many threads they are made, and no noise volume is
// kept.
#pragma once

#include <array>
#include <string>

#include "model/patch_shape.hpp"
#include "nn/tensor.hpp"

namespace gdm::nn {

/// A draw of `channels` independent fields without bounds.
class NoiseField {
 public:
  /// `name` tells draws of one seed apart, such as a case's id.
  NoiseField(std::int64_t channels, std::uint64_t seed, const std::string& name);

  std::int64_t channels() const { return channels_; }
  /// (channels, D, H, W) float32 on the CPU, of the patch whose first voxel is `start_dhw` (from -1024 to 64511).
  Tensor patch(const std::array<std::int64_t, 3>& start_dhw, const model::PatchShape& shape) const;

 private:
  std::int64_t channels_;
  std::uint64_t key_;
};

/// Appends noise channels to the patches (B, C, D, H, W) of a training step: that of item b depends on (seed, step, b)
/// alone. Without channels the patches themselves.
Tensor with_step_noise(const Tensor& patches, std::int64_t channels, std::uint64_t seed, std::int64_t step);

}  // namespace gdm::nn
