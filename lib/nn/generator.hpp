// The generator: a residual 3-D U-Net that works at half resolution (space-to-depth stem, pixel-shuffle head), because
// convolutions with few channels at full resolution run far below the machine's speed.
#pragma once

#include <filesystem>
#include <string>

#include "io/json.hpp"
#include "nn/blocks.hpp"
#include "nn/generator_config.hpp"

namespace gdm::nn {

struct GeneratorImpl : torch::nn::Module {
  explicit GeneratorImpl(const GeneratorConfig& config);
  /// (B, conditions and noise channels, D, H, W), conditions scaled as the config says -> (B, 1, D, H, W) in hu_map
  /// units.
  Tensor forward(const Tensor& inputs);

  bool residual_on_first;
  torch::nn::Conv3d stem{nullptr}, head{nullptr};
  torch::nn::GroupNorm head_norm{nullptr};
  DownPath down{nullptr};
  UpPath up{nullptr};
};
TORCH_MODULE(Generator);

struct LoadedGenerator {
  GeneratorConfig config;
  Generator network{nullptr};
  Json description;
  std::string digest;
};
/// Throws Error if the file is not a generator or does not fit its own description.
LoadedGenerator load_generator(const std::filesystem::path& path, torch::Device device);

}  // namespace gdm::nn
