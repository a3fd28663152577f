// Whole volumes through a network that sees patches: Gaussian blending, one patch shape, memory for the input and
// the output and nothing that grows with the number of patches.
#pragma once

#include <functional>
#include <vector>

#include "image/volume.hpp"
#include "nn/noise.hpp"

namespace gdm::synth {

using torch::Tensor;

struct PatchPlan {
  std::int64_t patch = 48;                ///< voxels along each axis
  double overlap = 0.25;                  ///< part of a patch that it shares with the next, in [0, 0.9]
  const nn::NoiseField* noise = nullptr;  ///< appended to each patch; null: none
};

/// First voxels of the patches along an axis: the first starts at 0, the last ends at `extent`; one centred patch
/// (negative start) if the axis is shorter than the patch.
std::vector<std::int64_t> patch_starts(std::int64_t extent, const PatchPlan& plan);

/// Blending weight along one axis of a patch: a Gaussian of standard deviation patch / 8 around its centre, at least
/// 1e-3.
std::vector<float> patch_weights(std::int64_t patch);

/// Patches that go through the network together: small ones in groups, which keeps their convolutions on LibTorch's
/// fast path (measured: a single patch of 48 voxels takes the slow one in 1.13); large ones alone.
std::int64_t patches_at_once(std::int64_t patch);

/// conditions (C, D, H, W); network maps (N, C, w, w, w) to (N, 1, w, w, w), N up to patches_at_once(w); with noise it
/// gets its channels, too. Returns the blended (D, H, W).
/// The weights are a product over the axes, and so is their sum over the patches, so that no weight volume is kept.
/// Patches beyond the volume see `fill`. `progress_title` empty: silent. Polls stop_requested().
Tensor slide(const Tensor& conditions, const std::function<Tensor(const Tensor&)>& network, const PatchPlan& plan,
             double fill, torch::Device device, const std::string& progress_title, std::int64_t* evaluations);

}  // namespace gdm::synth
