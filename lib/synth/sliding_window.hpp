// Whole volumes through a network that sees windows: Gaussian blending, one window shape, memory for the input and
// the output and nothing that grows with the number of windows.
#pragma once

#include <functional>
#include <vector>

#include "image/volume.hpp"
#include "nn/noise.hpp"

namespace gdm::synth {

using torch::Tensor;

struct WindowPlan {
  std::int64_t window = 48;               ///< voxels along each axis
  double overlap = 0.25;                  ///< part of a window that it shares with the next, in [0, 0.9]
  const nn::NoiseField* noise = nullptr;  ///< appended to each window; null: none
};

/// First voxels of the windows along an axis: the first starts at 0, the last ends at `extent`; one centred window
/// (negative start) if the axis is shorter than the window.
std::vector<std::int64_t> window_starts(std::int64_t extent, const WindowPlan& plan);

/// Blending weight along one axis of a window: a Gaussian of standard deviation window / 8 around its centre, at least
/// 1e-3.
std::vector<float> window_weights(std::int64_t window);

/// Windows that go through the network together: small ones in groups, which keeps their convolutions on LibTorch's
/// fast path (measured: a single window of 48 voxels takes the slow one in 1.13); large ones alone.
std::int64_t windows_at_once(std::int64_t window);

/// conditions (C, D, H, W); network maps (N, C, w, w, w) to (N, 1, w, w, w), N up to windows_at_once(w); with noise it
/// gets its channels, too. Returns the blended (D, H, W).
/// The weights are a product over the axes, and so is their sum over the windows, so that no weight volume is kept.
/// Windows beyond the volume see `fill`. `progress_title` empty: silent. Polls stop_requested().
Tensor slide(const Tensor& conditions, const std::function<Tensor(const Tensor&)>& network, const WindowPlan& plan,
             double fill, torch::Device device, const std::string& progress_title, std::int64_t* evaluations);

}  // namespace gdm::synth
