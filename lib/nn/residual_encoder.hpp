// Our own encoder architecture: a residual CNN whose stages halve the resolution.
#pragma once

#include "io/json.hpp"
#include "nn/blocks.hpp"
#include "nn/encoder_network.hpp"

namespace gdm::nn {

struct ResidualEncoderConfig {
  std::string stem = "space-to-depth";                ///< or "conv": an overlapping 3^3 convolution of stride 2
  std::vector<std::int64_t> widths{16, 32, 64, 128};  ///< channels of the stages, strides 2, 4, 8, 16

  Json json() const;
  /// Throws JsonError for a missing key, Error for impossible values.
  static ResidualEncoderConfig from_json(const Json& json);
};

class ResidualEncoder : public EncoderNetwork {
 public:
  explicit ResidualEncoder(const ResidualEncoderConfig& config);
  const std::vector<Tap>& taps() const override { return taps_; }

 private:
  /// D, H, W even.
  std::vector<Tensor> first_maps(const Tensor& x, std::size_t count) override;

  bool space_to_depth_stem_;
  std::vector<Tap> taps_;
  torch::nn::Conv3d stem_{nullptr};
  DownPath down_{nullptr};
};

}  // namespace gdm::nn
