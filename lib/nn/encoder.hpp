// Encoders: networks that are trained once, frozen, and then turn a patch of a volume into feature maps. The drift
// lives in their features, and other encoders grade the result.
//
// EncoderNetwork (encoder_network.hpp) is what all architectures share; residual_encoder.hpp is ours. FrozenEncoder
// adds what the network expects of its input, so that no caller has to know it.
#pragma once

#include <array>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "io/json.hpp"
#include "io/safetensors.hpp"
#include "nn/hu_map.hpp"
#include "nn/tensor.hpp"

namespace gdm::nn {

constexpr std::size_t all_taps = std::numeric_limits<std::size_t>::max();

/// One feature map that an encoder gives.
struct Tap {
  std::string name;  ///< "s1", "s2", ...: part of the keys of a bank
  std::int64_t channels = 0;
  std::int64_t stride = 1;  ///< input voxels from cell to cell
  /// Input voxels, along an axis, that a cell depends on (normalisation aside); 0: not known.
  std::int64_t receptive_field = 1;
};

class EncoderNetwork;  // nn/encoder_network.hpp

/// What a network expects of its input.
struct InputConvention {
  /// "hu", or "percentile": volumes brought to [-1, 1] one by one (nn/condition.hpp), as MR is.
  std::string scaling = "hu";
  HuMap hu_map;                                ///< "hu": values are clamped to this range, which becomes `units`
  std::array<double, 2> units{-1.0, 1.0};      ///< what the network sees at the ends of the range
  std::array<double, 2> spacing_mm{0.0, 0.0};  ///< least and largest mean voxel edge it is for; {0, 0}: any
  std::string axes = "any";  ///< anatomical directions of the axes D, H, W, such as "SAR"; "any": as they come

  Json json() const;
  /// Throws Error for values that make no sense.
  static InputConvention from_json(const Json& json);
};

/// Patches (B, C, D, H, W) whose axes point to superior, anterior, right, turned to `axes` (InputConvention::axes).
Tensor with_axes(const Tensor& x, const std::string& axes);

/// An encoder ready for use: evaluation mode, no gradients for its parameters.
struct FrozenEncoder {
  InputConvention input;
  std::shared_ptr<EncoderNetwork> network;
  Json description;    ///< of the file: "encoder", "training", "provenance", ...
  std::string digest;  ///< state_digest of the network: the same weights have the same digest anywhere

  const std::vector<Tap>& taps() const;
  /// Feature maps of patches (B, 1, D, H, W) whose axes D, H, W point to superior, anterior and right, in `units`;
  /// the maps have the same axes, whatever those of the network are. Gradients flow to `x`. `spacing_mm` is the mean
  /// voxel edge of x: outside of what the network is for, x is resampled to the nearer end (trilinear); 0 leaves x as
  /// it is. Only the first `count` taps are computed.
  std::vector<Tensor> features(const Tensor& x, const HuMap& units_of_x, double spacing_mm = 0.0,
                               std::size_t count = all_taps) const;
};

/// A volume (..., D, H, W) whose axes point to `axes` (such as "SAL"), turned so that they point to superior, anterior
/// and right. Throws Error for `axes` that are no three axes.
Tensor with_canonical_axes(const Tensor& x, const std::string& axes);

/// The network that `description` ("architecture" and what that needs) declares, with fresh weights. Throws Error for
/// one that is not known or incomplete.
std::shared_ptr<EncoderNetwork> make_encoder_network(const Json& description);

/// Freezes a network and takes its digest. `description` must hold the key "encoder" with "input".
FrozenEncoder freeze(std::shared_ptr<EncoderNetwork> network, const Json& description, torch::Device device);

/// Writes an encoder file: the network's state (tensors that lose nothing by it in half precision), and `description`
/// (key "encoder") with taps and digest added to it, so that a file can be described without the network. Returns the
/// payload's SHA-256.
std::string write_encoder(const std::filesystem::path& path, const EncoderNetwork& network, Json description,
                          Overwrite overwrite);

/// Reads an encoder file, or the encoder inside a bank (`prefix` "encoder.").
FrozenEncoder load_encoder(const SafetensorsFile& file, const Json& description, const std::string& prefix,
                           torch::Device device);
FrozenEncoder load_encoder(const std::filesystem::path& path, torch::Device device);

}  // namespace gdm::nn
