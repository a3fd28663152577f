// The layers of an encoder that others trained, as JSON states them (man page gdm-encoder-layers(7), schema
// share/gdm/encoder-layers.schema.json): parsed strictly, with channels, strides and receptive fields worked out before
// there is any weight. LayeredEncoder computes with them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/json.hpp"
#include "nn/encoder.hpp"

namespace gdm::nn {

struct Layer {
  enum class Kind { conv, transposed_conv, norm, activation, residual, pool, upsample, pad_channels, tap };
  Kind kind = Kind::conv;
  std::string path;     ///< place in the description, such as "3.body.1": prefix of the names of its tensors
  std::string label;    ///< for messages: layer 3.body.1 (conv "layer1.0.conv1")
  std::string variant;  ///< norm: batch | group | instance; activation: relu, ...; pool: max | average; ...
  std::string weights;  ///< prefix of its tensors in the file they come from
  std::string name;     ///< of a tap
  std::int64_t in_channels = 1, channels = 1;
  std::int64_t kernel = 1, stride = 1, padding = 0,
               dilation = 1;  ///< the same along all axes; tap: its average pooling
  std::int64_t groups = 1;
  bool bias = false;                  ///< of a norm: scale and offset
  double eps = 1e-5;                  ///< of a norm
  double slope = 0.0;                 ///< leaky_relu: of the negative part; elu: alpha
  std::vector<Layer> body, shortcut;  ///< residual: the sum of both; no shortcut: of the body and its input
};

/// Parses "layers". Throws Error naming the layer.
std::vector<Layer> layers_from_json(const Json& json);

/// One tensor of a layer's state.
struct LayerTensor {
  std::string name;  ///< "weight", "bias", "running_mean", "running_var"
  std::vector<std::int64_t> shape;
};
std::vector<LayerTensor> state_of(const Layer& layer);

/// Calls `visit(layer)` for every layer, those of residual branches included.
template <class Visitor>
void visit_layers(const std::vector<Layer>& layers, const Visitor& visit) {
  for (const Layer& layer : layers) {
    visit(layer);
    visit_layers(layer.body, visit);
    visit_layers(layer.shortcut, visit);
  }
}

/// Voxels along an axis after a sequence that gets `size`.
std::int64_t size_after(const std::vector<Layer>& layers, std::int64_t size);

/// The taps of a sequence with their strides and receptive fields. Throws Error for a tap finer than the input.
std::vector<Tap> taps_of(const std::vector<Layer>& layers);

}  // namespace gdm::nn
