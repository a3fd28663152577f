// How sizes, strides and receptive fields follow from layers. Receptive fields are found backwards: from a cell of a
// tap to the range of voxels that it depends on, over every phase that upsampling may leave.
#include <fmt/format.h>

#include <algorithm>

#include "nn/layers.hpp"
#include "sys/error.hpp"

namespace gdm::nn {
namespace {

using Kind = Layer::Kind;

/// Positions along an axis, both ends included.
struct Range {
  std::int64_t first, last;
};

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
  return a >= 0 ? a / b : -((-a + b - 1) / b);
}

Range inputs_of(const std::vector<Layer>& layers, std::size_t count, Range out);

Range inputs_of(const Layer& layer, Range out) {
  const std::int64_t s = layer.stride, k = layer.kernel, p = layer.padding;
  switch (layer.kind) {
    case Kind::conv:
    case Kind::pool:
    case Kind::tap:
      return {out.first * s - p, out.last * s - p + layer.dilation * (k - 1)};
    case Kind::transposed_conv:
      return {-floor_divide(-(out.first + p - (k - 1)), s), floor_divide(out.last + p, s)};
    case Kind::upsample:
      if (layer.variant == "nearest" || s == 1) return {floor_divide(out.first, s), floor_divide(out.last, s)};
      // Cell o lies at (o + 0.5) / s - 0.5 of the coarse map, between two cells unless s is odd and it hits one.
      return {floor_divide(2 * out.first + 1 - s, 2 * s), -floor_divide(-(2 * out.last + 1 - s), 2 * s)};
    case Kind::residual: {
      const Range body = inputs_of(layer.body, layer.body.size(), out);
      const Range other = inputs_of(layer.shortcut, layer.shortcut.size(), out);
      return {std::min(body.first, other.first), std::max(body.last, other.last)};
    }
    default:
      return out;
  }
}

Range inputs_of(const std::vector<Layer>& layers, std::size_t count, Range out) {
  // A tap in the middle is a side path: what stands behind it does not see its pooling.
  while (count-- > 0) {
    if (layers[count].kind != Kind::tap) out = inputs_of(layers[count], out);
  }
  return out;
}

std::int64_t receptive_field(const std::vector<Layer>& layers, std::size_t tap) {
  std::int64_t field = 0;
  for (std::int64_t phase = 0; phase < 64; ++phase) {
    const Range range = inputs_of(layers, tap, inputs_of(layers[tap], {phase, phase}));
    field = std::max(field, range.last - range.first + 1);
  }
  return field;
}

std::int64_t stride_after(const Layer& layer, std::int64_t stride) {
  if (layer.kind == Kind::residual) {
    for (const Layer& inner : layer.body) stride = stride_after(inner, stride);
    return stride;
  }
  if (layer.kind != Kind::upsample && layer.kind != Kind::transposed_conv) return stride * layer.stride;
  if (stride % layer.stride != 0) {
    throw Error(fmt::format("{}: its map is no whole number of input voxels from cell to cell ({} / {})", layer.label,
                            stride, layer.stride));
  }
  return stride / layer.stride;
}

std::int64_t size_after(const Layer& layer, std::int64_t size) {
  switch (layer.kind) {
    case Kind::conv:
    case Kind::pool:
      return floor_divide(size + 2 * layer.padding - layer.dilation * (layer.kernel - 1) - 1, layer.stride) + 1;
    case Kind::transposed_conv:
      return (size - 1) * layer.stride - 2 * layer.padding + layer.kernel;
    case Kind::upsample:
      return size * layer.stride;
    case Kind::residual:
      return size_after(layer.body, size);
    default:
      return size;
  }
}

}  // namespace

std::int64_t size_after(const std::vector<Layer>& layers, std::int64_t size) {
  for (const Layer& layer : layers) size = size_after(layer, size);
  return size;
}

std::vector<Tap> taps_of(const std::vector<Layer>& layers) {
  std::vector<Tap> taps;
  std::int64_t stride = 1;
  for (std::size_t n = 0; n < layers.size(); ++n) {
    const Layer& layer = layers[n];
    if (layer.kind != Kind::tap) {
      stride = stride_after(layer, stride);
      continue;
    }
    taps.push_back({layer.name, layer.channels, stride * layer.stride, receptive_field(layers, n)});
  }
  return taps;
}

}  // namespace gdm::nn
