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
  /// units. Of a process the inputs are those of synth/process_sampler.hpp, `times` (B) in [0, 1], and the output is
  /// what the process learns.
  Tensor forward(const Tensor& inputs, const Tensor& times = {});

  bool residual_on_first;
  torch::nn::Conv3d stem{nullptr}, head{nullptr};
  torch::nn::GroupNorm head_norm{nullptr};
  DownPath down{nullptr};
  UpPath up{nullptr};
  TimeEmbedding time{nullptr};  ///< of a process alone
};
TORCH_MODULE(Generator);

struct LoadedGenerator {
  GeneratorConfig config;
  Generator network{nullptr};
  Generator base{nullptr};  ///< the regression that a process begins with; empty without one
  Json description;
  std::string digest;
};
/// Throws Error if the file is not a generator or does not fit its own description.
LoadedGenerator load_generator(const std::filesystem::path& path, torch::Device device);

/// Before the names of a base's tensors in the file of a process, whose description has its "generator" and "sha256" in
/// "base".
constexpr const char* base_prefix = "base.";

}  // namespace gdm::nn
