// Encoders: networks that are trained once, frozen, and then turn a CT window into feature maps. The drift lives in
// their features, and other encoders grade the result.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "io/safetensors.hpp"
#include "nn/blocks.hpp"
#include "nn/hu_map.hpp"

namespace gdm::nn {

struct EncoderConfig {
  std::string stem = "space-to-depth";                ///< or "conv": an overlapping 3^3 convolution of stride 2
  std::vector<std::int64_t> widths{16, 32, 64, 128};  ///< channels of the stages, strides 2, 4, 8, 16
  HuMap hu_map;                                       ///< input convention: HU clamped to this range, mapped to [-1, 1]

  nlohmann::ordered_json json() const;
  static EncoderConfig from_json(const nlohmann::ordered_json& json);
};

struct EncoderImpl : torch::nn::Module {
  explicit EncoderImpl(const EncoderConfig& config);
  /// (B, 1, D, H, W) in the encoder's units, D, H, W even -> one map for each stage, (B, widths[s], D/2^(s+1), ...).
  std::vector<Tensor> forward(const Tensor& x);

  bool space_to_depth_stem;
  torch::nn::Conv3d stem{nullptr};
  DownPath down{nullptr};
};
TORCH_MODULE(Encoder);

/// An encoder ready for use: evaluation mode, no gradients for its parameters.
struct FrozenEncoder {
  EncoderConfig config;
  Encoder network{nullptr};
  nlohmann::ordered_json description;
  std::string digest;  ///< state_digest of the network: the same weights have the same digest in any file

  /// Feature maps of CT windows given in another map's units; gradients flow to `x`. (B, 1, D, H, W).
  std::vector<Tensor> features(const Tensor& x, const HuMap& units_of_x) const;
};

/// Reads an encoder file, or the encoder inside a bank (`prefix` "encoder.", description key "encoder").
FrozenEncoder load_encoder(const SafetensorsFile& file, const nlohmann::ordered_json& description,
                           const std::string& prefix, torch::Device device);
FrozenEncoder load_encoder(const std::filesystem::path& path, torch::Device device);

}  // namespace gdm::nn
