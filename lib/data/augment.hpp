// Random changes of the patches that encoders are trained on, so that their features follow the anatomy and not the
// scanner, the sampling grid or the orientation. Every draw comes from the generator that is handed in.
#pragma once

#include <string>

#include "io/json.hpp"
#include "nn/tensor.hpp"

namespace gdm::data {

using torch::Tensor;

/// How strong each change may be; every patch draws its own. Values are of a patch whose range is [0, 1].
struct Strength {
  double gain = 0;        ///< contrast is multiplied by 1 - gain .. 1 + gain
  double shift = 0;       ///< -shift .. shift is added
  double gamma = 0;       ///< exponent exp(-gamma) .. exp(gamma)
  double bias = 0;        ///< a smooth field multiplies by 1 - bias .. 1 + bias
  double blur = 0;        ///< Gaussian, standard deviation 0 .. blur voxels, in half of the patches
  double resolution = 1;  ///< half of the patches: down and up again by 1 .. resolution along each axis or not
  double noise = 0;       ///< white, standard deviation 0 .. noise
  bool views = false;     ///< flips and permutations of the axes

  Json json() const;
};

/// "none", "light", "medium" or "strong"; throws Error with Exit::usage for another name.
Strength strength_from_name(const std::string& name);

/// Flips and permutes the axes of each patch (B, C, w, w, w) for itself, all its channels alike.
Tensor random_views(const Tensor& patches, at::Generator& generator);

/// Gamma, gain, bias and shift of patches (B, 1, w, w, w) whose values -1 .. 1 stand for 0 .. 1 and may go beyond;
/// nothing is clamped but negative intensities before gamma.
Tensor random_intensity(const Tensor& patches, const Strength& strength, at::Generator& generator);

/// Gamma, gain, bias, shift, blur and resolution of patches (B, 1, w, w, w) with values in [-1, 1]; the result is in
/// [-1, 1] too. No noise: that is not something to restore.
Tensor random_appearance(const Tensor& patches, const Strength& strength, at::Generator& generator);

/// White noise on patches as above; clamped to [-1, 1].
Tensor random_noise(const Tensor& patches, const Strength& strength, at::Generator& generator);

/// Uniform draws, made on the CPU so that they are the same on every device.
Tensor uniform(const std::vector<std::int64_t>& shape, double low, double high, at::Generator& generator);

/// Gaussian blur of each patch (B, 1, D, H, W), `sigmas` (B) in voxels up to 3; edges are repeated.
Tensor blurred(const Tensor& patches, const Tensor& sigmas);

}  // namespace gdm::data
