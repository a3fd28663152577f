// A network made of described layers (nn/layers.hpp), with weights that others trained.
#pragma once

#include "io/json.hpp"
#include "nn/encoder_network.hpp"
#include "nn/layers.hpp"
#include "nn/tensor_io.hpp"

namespace gdm::nn {

class LayeredEncoder : public EncoderNetwork {
 public:
  /// Weights are not set until they are loaded. Their names are the places of the layers: "3.body.1.weight".
  explicit LayeredEncoder(std::vector<Layer> layers);
  /// From {"architecture": "layers", "layers": [...]}.
  static std::shared_ptr<LayeredEncoder> from_json(const Json& json);

  const std::vector<Tap>& taps() const override { return taps_; }
  const std::vector<Layer>& layers() const { return layers_; }

 private:
  std::vector<Tensor> first_maps(const Tensor& x, std::size_t count) override;

  std::vector<Layer> layers_;
  std::vector<Tap> taps_;
};

/// Copies the tensors of a foreign file to the layers that name them, converted to float32. Tensors that no layer names
/// must fit one of the `ignored` patterns (`*`, `?`, `[...]`). Throws Error naming layer and tensor.
void load_foreign_weights(const SafetensorsFile& file, const std::vector<std::string>& ignored,
                          LayeredEncoder& network);

}  // namespace gdm::nn
