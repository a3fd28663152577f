// The generator: a residual 3-D U-Net that works at half resolution (space-to-depth stem, pixel-shuffle head), because
// convolutions with few channels at full resolution run far below the machine's speed.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/safetensors.hpp"
#include "nn/blocks.hpp"
#include "nn/condition.hpp"
#include "nn/hu_map.hpp"

namespace gdm::nn {

struct GeneratorConfig {
  using Condition = nn::Condition;
  std::string task;
  std::vector<Condition> conditions;  ///< in channel order
  bool residual_on_first = false;     ///< the network adds to condition 0 (FBP), or makes the CT from nothing (MR)
  std::vector<std::int64_t> widths{32, 64, 128};
  std::int64_t blocks = 1;          ///< residual blocks of a level, on the way down and up; the deepest has one more
  std::int64_t noise_channels = 0;  ///< behind the conditions, standard normal (nn/noise.hpp)
  std::int64_t patch = 48;
  HuMap hu_map;

  nlohmann::ordered_json json() const;
  static GeneratorConfig from_json(const nlohmann::ordered_json& json);
  /// Voxels along each axis must be a multiple of this.
  std::int64_t size_multiple() const { return std::int64_t{1} << widths.size(); }
  std::vector<std::string> condition_names() const;
};

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
  nlohmann::ordered_json description;
  std::string digest;
};
/// Throws Error if the file is not a generator or does not fit its own description.
LoadedGenerator load_generator(const std::filesystem::path& path, torch::Device device);

}  // namespace gdm::nn
