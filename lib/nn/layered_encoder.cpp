#include "nn/layered_encoder.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <map>

#include "sys/error.hpp"

namespace gdm::nn {
namespace {

using Kind = Layer::Kind;
using Weights = torch::OrderedDict<std::string, Tensor>;

Tensor run(const std::vector<Layer>& layers, torch::nn::Module& parent, Tensor x);

/// Gives every layer a module under the name of its place. Memory for weights is not touched, for a wrong description
/// may ask for any amount of it.
void add_modules(const std::vector<Layer>& layers, torch::nn::Module& parent) {
  for (std::size_t n = 0; n < layers.size(); ++n) {
    auto module = std::make_shared<torch::nn::Module>();
    for (const LayerTensor& tensor : state_of(layers[n])) {
      const bool buffer = tensor.name.rfind("running_", 0) == 0;
      if (buffer) {
        module->register_buffer(tensor.name, torch::empty(tensor.shape));
      } else {
        module->register_parameter(tensor.name, torch::empty(tensor.shape));
      }
    }
    if (layers[n].kind == Kind::residual) {
      add_modules(layers[n].body, *module->register_module("body", std::make_shared<torch::nn::Module>()));
      add_modules(layers[n].shortcut, *module->register_module("shortcut", std::make_shared<torch::nn::Module>()));
    }
    parent.register_module(std::to_string(n), module);
  }
}

/// In fp32, as normalised() in blocks.hpp.
Tensor normalised(const Layer& layer, const Tensor& input, const Tensor& weight, const Tensor& bias,
                  const Weights& own) {
  const Tensor x = input.to(torch::kFloat32);
  if (layer.variant == "batch") {
    return torch::batch_norm(x, weight, bias, own["running_mean"], own["running_var"], false, 0.0, layer.eps, false);
  }
  // Instance normalisation is group normalisation of single channels.
  const std::int64_t groups = layer.variant == "instance" ? layer.channels : layer.groups;
  return torch::group_norm(x, groups, weight, bias, layer.eps, false);
}

Tensor activated(const Layer& layer, const Tensor& x, const Tensor& weight) {
  if (layer.variant == "relu") return torch::relu(x);
  if (layer.variant == "leaky_relu") return torch::leaky_relu(x, layer.slope);
  if (layer.variant == "silu") return torch::silu(x);
  if (layer.variant == "gelu") return torch::gelu(x);
  if (layer.variant == "elu") return torch::elu(x, layer.slope);
  return torch::prelu(x, weight);
}

Tensor resized(const Layer& layer, const Tensor& x) {
  const auto scale = static_cast<double>(layer.stride);
  const std::vector<std::int64_t> size{layer.stride * x.size(2), layer.stride * x.size(3), layer.stride * x.size(4)};
  if (layer.variant == "nearest") return torch::upsample_nearest3d(x, size, scale, scale, scale);
  return torch::upsample_trilinear3d(x, size, /*align_corners=*/false, scale, scale, scale);
}

Tensor run(const Layer& layer, torch::nn::Module& module, const Tensor& x) {
  const Weights own = module.named_parameters(false);
  const auto tensor = [&](const char* name) {
    const Tensor* found = own.find(name);
    return found == nullptr ? Tensor() : *found;
  };
  const Tensor weight = tensor("weight"), bias = tensor("bias");
  const std::int64_t k = layer.kernel, s = layer.stride, p = layer.padding;
  switch (layer.kind) {
    case Kind::conv:
      return torch::conv3d(x, weight, bias, s, p, layer.dilation, layer.groups);
    case Kind::transposed_conv:
      return torch::conv_transpose3d(x, weight, bias, s, p);
    case Kind::norm:
      return normalised(layer, x, weight, bias, module.named_buffers(false));
    case Kind::activation:
      return activated(layer, x, weight);
    case Kind::pool:
      return layer.variant == "max" ? torch::max_pool3d(x, k, s, p) : torch::avg_pool3d(x, k, s, p);
    case Kind::upsample:
      return resized(layer, x);
    case Kind::pad_channels:
      return torch::constant_pad_nd(x, {0, 0, 0, 0, 0, 0, 0, layer.channels - layer.in_channels});
    case Kind::residual:
      return run(layer.body, *module.named_children()["body"], x) +
             run(layer.shortcut, *module.named_children()["shortcut"], x);
    case Kind::tap:
      break;
  }
  return k == 1 ? x : torch::avg_pool3d(x, k, s);
}

Tensor run(const std::vector<Layer>& layers, torch::nn::Module& parent, Tensor x) {
  const auto modules = parent.children();
  for (std::size_t n = 0; n < layers.size(); ++n) x = run(layers[n], *modules[n], x);
  return x;
}

/// The tensor of a foreign file, as float32 in the shape that the layer needs.
Tensor foreign_tensor(const SafetensorsFile& file, const Layer& layer, const LayerTensor& wanted,
                      const std::string& name) {
  if (file.tensors().count(name) == 0) {
    throw Error(fmt::format("{}: there is no tensor '{}' in {}", layer.label, name, file.path().string()));
  }
  Tensor stored = load_tensor(file, name).to(torch::kFloat32);
  if (layer.variant == "prelu" && stored.numel() == 1) stored = stored.reshape({1}).expand(wanted.shape);
  if (stored.sizes() != torch::IntArrayRef(wanted.shape)) {
    throw Error(fmt::format("{}: tensor '{}' of {} has shape [{}], expected [{}]", layer.label, name,
                            file.path().string(), fmt::join(stored.sizes(), ", "), fmt::join(wanted.shape, ", ")));
  }
  return stored;
}

void refuse_unused(const SafetensorsFile& file, const std::map<std::string, std::string>& users,
                   const std::vector<std::string>& ignored) {
  std::vector<std::string> unused;
  for (const auto& [name, view] : file.tensors()) {
    const auto fits = [&name = name](const std::string& pattern) {
      return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
    };
    if (users.count(name) == 0 && std::none_of(ignored.begin(), ignored.end(), fits)) unused.push_back(name);
  }
  if (unused.empty()) return;
  const std::size_t all = unused.size();
  if (all > 8) unused.resize(8);
  throw Error(fmt::format("{}: {} tensors belong to no layer: {}{}; if they are not needed, let 'ignore' name them",
                          file.path().string(), all, fmt::join(unused, ", "), all > 8 ? ", ..." : ""));
}

}  // namespace

LayeredEncoder::LayeredEncoder(std::vector<Layer> layers) : layers_(std::move(layers)), taps_(taps_of(layers_)) {
  add_modules(layers_, *this);
}

std::shared_ptr<LayeredEncoder> LayeredEncoder::from_json(const Json& json) {
  return std::make_shared<LayeredEncoder>(layers_from_json(json.at("layers")));
}

std::vector<Tensor> LayeredEncoder::first_maps(const Tensor& input, std::size_t count) {
  const auto modules = children();
  std::vector<Tensor> found;
  Tensor x = input;
  for (std::size_t n = 0; n < layers_.size() && found.size() < count; ++n) {
    const Tensor out = run(layers_[n], *modules[n], x);
    if (layers_[n].kind == Kind::tap) {
      found.push_back(out);
    } else {
      x = out;
    }
  }
  return found;
}

void load_foreign_weights(const SafetensorsFile& file, const std::vector<std::string>& ignored,
                          LayeredEncoder& network) {
  const torch::NoGradGuard no_grad;
  std::map<std::string, Tensor> state;
  for (const auto& [name, tensor] : named_state(network)) state[name] = tensor;
  std::map<std::string, std::string> users;
  visit_layers(network.layers(), [&](const Layer& layer) {
    for (const LayerTensor& wanted : state_of(layer)) {
      const std::string name = layer.weights + "." + wanted.name;
      const auto [user, fresh] = users.emplace(name, layer.label);
      if (!fresh) throw Error(fmt::format("{}: tensor '{}' is used by {} already", layer.label, name, user->second));
      state.at(layer.path + "." + wanted.name).copy_(foreign_tensor(file, layer, wanted, name));
    }
    if (layer.variant == "batch") users.emplace(layer.weights + ".num_batches_tracked", layer.label);
  });
  refuse_unused(file, users, ignored);
}

}  // namespace gdm::nn
