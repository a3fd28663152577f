#include "nn/layers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "io/json.hpp"
#include "sys/error.hpp"

namespace gdm::nn {
namespace {

using Kind = Layer::Kind;
using Names = std::vector<std::string>;

constexpr std::int64_t most_channels = 4096;
constexpr std::int64_t largest_extent = 64;  ///< of a kernel, a stride, a dilation, a padding or a scale

/// The keys of one layer: each is asked for once, and none may be left.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json) {}

  std::string word(const char* key, const Names& choices) { return chosen(key, text(key), choices); }
  std::string text(const char* key) {
    const Json& value = required(key);
    if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
      throw Error(fmt::format("'{}' is {}, expected text", key, value.is_string() ? "empty" : json_kind(value)));
    }
    return value.get<std::string>();
  }
  std::int64_t whole(const char* key, std::int64_t least, std::int64_t largest) {
    const Json& value = required(key);
    if (!value.is_number_integer() || value < least || value > largest) {
      throw Error(fmt::format("'{}' is {}, expected a whole number from {} to {}", key, value.dump(), least, largest));
    }
    return value.get<std::int64_t>();
  }
  std::int64_t whole_or(const char* key, std::int64_t least, std::int64_t largest, std::int64_t otherwise) {
    return has(key) ? whole(key, least, largest) : otherwise;
  }
  bool flag_or(const char* key, bool otherwise) {
    if (!has(key)) return otherwise;
    const Json& value = required(key);
    if (!value.is_boolean()) throw Error(fmt::format("'{}' is {}, expected true or false", key, value.dump()));
    return value.get<bool>();
  }
  double positive_or(const char* key, double otherwise) {
    if (!has(key)) return otherwise;
    const Json& value = required(key);
    if (!value.is_number() || !(value.get<double>() > 0) || !std::isfinite(value.get<double>())) {
      throw Error(fmt::format("'{}' is {}, expected a number above 0", key, value.dump()));
    }
    return value.get<double>();
  }
  const Json& required(const char* key) {
    known_.insert(key);
    const auto found = json_.find(key);
    if (found == json_.end()) throw Error(fmt::format("the key '{}' is missing", key));
    return *found;
  }
  bool has(const char* key) const { return json_.contains(key); }
  void end() const {
    for (const auto& [key, value] : json_.items()) {
      if (known_.count(key) == 0) throw Error(fmt::format("unknown key '{}'", key));
    }
  }

 private:
  static std::string chosen(const char* key, const std::string& word, const Names& choices) {
    if (std::find(choices.begin(), choices.end(), word) != choices.end()) return word;
    throw Error(fmt::format("'{}' is '{}', expected {}", key, word, fmt::join(choices, ", ")));
  }
  const Json& json_;
  std::set<std::string> known_;
};

void parse_conv(Fields& fields, Layer& layer) {
  layer.weights = fields.text("weights");
  layer.channels = fields.whole("channels", 1, most_channels);
  layer.kernel = fields.whole("kernel", 1, largest_extent);
  layer.stride = fields.whole_or("stride", 1, largest_extent, 1);
  layer.dilation = fields.whole_or("dilation", 1, largest_extent, 1);
  layer.groups = fields.whole_or("groups", 1, most_channels, 1);
  layer.bias = fields.flag_or("bias", true);
  if (layer.kernel % 2 == 0) fields.required("padding");
  layer.padding = fields.whole_or("padding", 0, largest_extent * largest_extent, layer.dilation * (layer.kernel / 2));
  if (layer.in_channels % layer.groups != 0 || layer.channels % layer.groups != 0) {
    throw Error(
        fmt::format("{} groups do not divide {} to {} channels", layer.groups, layer.in_channels, layer.channels));
  }
}

void parse_transposed_conv(Fields& fields, Layer& layer) {
  layer.weights = fields.text("weights");
  layer.channels = fields.whole("channels", 1, most_channels);
  layer.kernel = fields.whole("kernel", 1, largest_extent);
  layer.stride = fields.whole("stride", 1, largest_extent);
  layer.padding = fields.whole_or("padding", 0, layer.kernel - 1, 0);
  layer.bias = fields.flag_or("bias", true);
}

void parse_norm(Fields& fields, Layer& layer) {
  layer.variant = fields.word("kind", {"batch", "group", "instance"});
  layer.bias = fields.flag_or("affine", layer.variant != "instance");
  layer.eps = fields.positive_or("eps", layer.eps);
  if (layer.variant == "group") layer.groups = fields.whole("groups", 1, most_channels);
  if (layer.channels % layer.groups != 0) {
    throw Error(fmt::format("{} groups do not divide {} channels", layer.groups, layer.channels));
  }
  if (layer.bias || layer.variant == "batch") layer.weights = fields.text("weights");
}

void parse_activation(Fields& fields, Layer& layer) {
  layer.variant = fields.word("kind", {"relu", "leaky_relu", "silu", "gelu", "elu", "prelu"});
  if (layer.variant == "leaky_relu") layer.slope = fields.positive_or("slope", 0.01);
  if (layer.variant == "elu") layer.slope = fields.positive_or("alpha", 1.0);
  if (layer.variant == "prelu") layer.weights = fields.text("weights");
}

void parse_pool(Fields& fields, Layer& layer) {
  layer.variant = fields.word("kind", {"max", "average"});
  layer.kernel = fields.whole("kernel", 1, largest_extent);
  layer.stride = fields.whole_or("stride", 1, largest_extent, layer.kernel);
  layer.padding = fields.whole_or("padding", 0, layer.kernel / 2, 0);
}

void parse_tap(Fields& fields, Layer& layer) {
  layer.name = fields.text("name");
  const auto plain = [](char c) { return (std::isalnum(static_cast<unsigned char>(c)) != 0) || c == '_' || c == '-'; };
  if (!std::all_of(layer.name.begin(), layer.name.end(), plain)) {
    throw Error("the tap's name '" + layer.name + "' may hold letters, digits, '_' and '-' alone");
  }
  layer.kernel = layer.stride = fields.whole_or("pool", 1, largest_extent, 1);
}

std::vector<Layer> parse_sequence(const Json& json, const std::string& prefix, std::int64_t channels);

void parse_residual(Fields& fields, Layer& layer) {
  layer.body = parse_sequence(fields.required("body"), layer.path + ".body", layer.in_channels);
  if (layer.body.empty()) throw Error("the body is empty");
  if (fields.has("shortcut")) {
    layer.shortcut = parse_sequence(fields.required("shortcut"), layer.path + ".shortcut", layer.in_channels);
  }
  layer.channels = layer.body.back().channels;
  const std::int64_t other = layer.shortcut.empty() ? layer.in_channels : layer.shortcut.back().channels;
  if (layer.channels != other) {
    throw Error(fmt::format("the body gives {} channels, the shortcut {}", layer.channels, other));
  }
  for (std::int64_t size = 256; size < 288; ++size) {
    const std::int64_t one = size_after(layer.body, size), two = size_after(layer.shortcut, size);
    if (one != two) throw Error(fmt::format("{} voxels become {} in the body, {} in the shortcut", size, one, two));
  }
}

void parse_kind(const std::string& type, Fields& fields, Layer& layer) {
  if (type == "conv") {
    layer.kind = Kind::conv;
    parse_conv(fields, layer);
  } else if (type == "transposed_conv") {
    layer.kind = Kind::transposed_conv;
    parse_transposed_conv(fields, layer);
  } else if (type == "norm") {
    layer.kind = Kind::norm;
    parse_norm(fields, layer);
  } else if (type == "activation") {
    layer.kind = Kind::activation;
    parse_activation(fields, layer);
  } else if (type == "residual") {
    layer.kind = Kind::residual;
    parse_residual(fields, layer);
  } else if (type == "pool") {
    layer.kind = Kind::pool;
    parse_pool(fields, layer);
  } else if (type == "upsample") {
    layer.kind = Kind::upsample;
    layer.variant = fields.word("kind", {"nearest", "trilinear"});
    layer.stride = fields.whole("scale", 1, largest_extent);
  } else if (type == "pad_channels") {
    layer.kind = Kind::pad_channels;
    layer.channels = fields.whole("channels", layer.in_channels, most_channels);
  } else {
    layer.kind = Kind::tap;
    parse_tap(fields, layer);
  }
}

Layer parse_layer(const Json& json, const std::string& path, std::int64_t channels) {
  Layer layer;
  layer.path = path;
  layer.label = "layer " + path;
  layer.in_channels = layer.channels = channels;
  if (json.is_object()) {
    for (const char* key : {"type", "weights", "name"}) {
      const auto found = json.find(key);
      if (found == json.end() || !found->is_string()) continue;
      layer.label += (key[0] == 't' ? " " : " '") + found->get<std::string>() + (key[0] == 't' ? "" : "'");
    }
  }
  return with_context(layer.label, [&] {
    if (!json.is_object()) throw Error("is " + json_kind(json) + ", expected an object");
    Fields fields(json);
    const std::string type = fields.word("type", {"conv", "norm", "activation", "residual", "pool", "upsample",
                                                  "transposed_conv", "pad_channels", "tap"});
    parse_kind(type, fields, layer);
    fields.end();
    return layer;
  });
}

std::vector<Layer> parse_sequence(const Json& json, const std::string& prefix, std::int64_t channels) {
  if (!json.is_array()) throw Error("is " + json_kind(json) + ", expected a list of layers");
  std::vector<Layer> layers;
  for (std::size_t n = 0; n < json.size(); ++n) {
    const std::string path = prefix.empty() ? std::to_string(n) : prefix + "." + std::to_string(n);
    layers.push_back(parse_layer(json[n], path, channels));
    if (!prefix.empty() && layers.back().kind == Kind::tap) {
      throw Error("layer " + path + " tap: taps may not stand in a residual layer, put it behind");
    }
    channels = layers.back().channels;
  }
  return layers;
}

}  // namespace

std::vector<Layer> layers_from_json(const Json& json) {
  std::vector<Layer> layers = parse_sequence(json, "", 1);
  std::set<std::string> names;
  for (const Layer& layer : layers) {
    if (layer.kind == Kind::tap && !names.insert(layer.name).second) {
      throw Error(layer.label + ": there is a tap of this name already");
    }
  }
  if (names.empty()) throw Error("there is no tap among the layers");
  if (layers.back().kind != Kind::tap) throw Error(layers.back().label + ": stands behind the last tap, so is unused");
  return layers;
}

std::vector<LayerTensor> state_of(const Layer& layer) {
  std::vector<LayerTensor> state;
  const std::int64_t k = layer.kernel, out = layer.channels, in = layer.in_channels;
  if (layer.kind == Kind::conv) state.push_back({"weight", {out, in / layer.groups, k, k, k}});
  if (layer.kind == Kind::transposed_conv) state.push_back({"weight", {in, out, k, k, k}});
  if (layer.kind == Kind::norm && layer.bias) state.push_back({"weight", {out}});
  if (layer.kind == Kind::activation && layer.variant == "prelu") state.push_back({"weight", {out}});
  if (layer.bias) state.push_back({"bias", {out}});
  if (layer.kind == Kind::norm && layer.variant == "batch") {
    state.push_back({"running_mean", {out}});
    state.push_back({"running_var", {out}});
  }
  return state;
}

}  // namespace gdm::nn
