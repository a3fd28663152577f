// An encoder without training: first-order scattering coefficients (Bruna & Mallat, arXiv 1203.1513), that is the
// moduli of high-pass filters, averaged. They say how much detail there is and in which direction, and forget where
// exactly: a prediction that must match them is as sharp and as noisy as its target, though nobody can know the noise.
#pragma once

#include <array>

#include "io/json.hpp"
#include "nn/averaged_moduli.hpp"
#include "nn/encoder_network.hpp"

namespace gdm::nn {

struct ScatteringConfig {
  /// The filters look at each of these ranges alone, values beyond are clamped: what is faint in the whole range, such
  /// as noise in soft tissue, counts beside bone. In the units of the network, which are HU in the encoders we write.
  std::vector<std::array<double, 2>> ranges{{-1024.0, 3071.0}, {-200.0, 300.0}};
  std::int64_t octaves = 2;  ///< the filters also look at means over 2^3, 4^3, ... voxels; 1 to 3

  Json json() const;
  /// Throws JsonError for a missing key, Error for impossible values.
  static ScatteringConfig from_json(const Json& json);
};

/// Taps "e4" and "e8", moduli averaged over 4^3 and 8^3 voxels: 13 channels for each octave and range, ordered octave,
/// range, filter. Filters, 3^3 each and of unit length: differences along the three axes, second differences along the
/// axes and the six diagonals of planes, and the voxel without the mean of its surroundings.
class ScatteringEncoder : public EncoderNetwork {
 public:
  explicit ScatteringEncoder(const ScatteringConfig& config);
  const std::vector<Tap>& taps() const override { return taps_; }
  /// Takes over the filters' values as loaded; on a GPU, reading them in each step would wait for it.
  void prepare(torch::Device device) override;

 private:
  /// D, H, W multiples of 8.
  std::vector<Tensor> first_maps(const Tensor& x, std::size_t count) override;

  ScatteringConfig config_;
  std::vector<Tap> taps_;
  Tensor filters_;  ///< (13, 1, 3, 3, 3), a buffer: part of the encoder's identity
  SharedFilters shared_;
};

}  // namespace gdm::nn
