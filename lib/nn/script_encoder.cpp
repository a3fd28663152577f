#include "nn/script_encoder.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <torch/script.h>

#include <cmath>
#include <cstring>
#include <sstream>

#include "sys/atomic_file.hpp"
#include "sys/error.hpp"
#include "sys/sha256.hpp"

namespace gdm::nn {
namespace {

constexpr std::int64_t probe_patch = 64;
constexpr int probe_draws = 3;
constexpr std::size_t largest_script_bytes = std::size_t{4} << 30;

bool code_allowed = false;

void require_leave() {
  if (!code_allowed) {
    throw Error("is a TorchScript encoder, which runs code of its maker; --allow-code lets it");
  }
}

/// Runs a call into the script; whatever leaves it becomes one line.
template <class Function>
auto guarded(Function function) {
  try {
    return function();
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    throw Error("TorchScript: " + message.substr(0, message.find('\n')));
  } catch (const std::exception& error) {
    const std::string message = error.what();  // a traceback, and the reason on its last line
    const auto reason = message.find("RuntimeError: ");
    const std::string told = reason == std::string::npos ? message : message.substr(reason + 14);
    throw Error("TorchScript: " + told.substr(0, told.find('\n')));
  }
}

std::vector<Tensor> tensors_of(const c10::IValue& value) {
  if (value.isTensorList()) return value.toTensorVector();
  std::vector<Tensor> tensors;
  if (value.isTuple()) {
    for (const auto& element : value.toTupleRef().elements()) {
      if (!element.isTensor()) throw Error("the script's tuple holds something other than tensors");
      tensors.push_back(element.toTensor());
    }
  }
  if (tensors.empty()) throw Error("the script gives " + value.tagKind() + ", expected a list or tuple of maps");
  return tensors;
}

/// Adds to `touched` (voxels along one axis) where the gradient of a map's middle cell is not 0; false if there is
/// none.
bool add_footprint(const Tensor& map, const Tensor& x, std::vector<bool>& touched, at::Generator& generator) {
  if (!map.requires_grad()) return false;
  const Tensor cell = map[0].select(1, map.size(2) / 2).select(1, map.size(3) / 2).select(1, map.size(4) / 2);
  const Tensor sum = (cell * torch::rand(cell.sizes(), generator).add(0.5)).sum();
  const Tensor gradient = torch::autograd::grad({sum}, {x}, {}, true, false, true)[0];
  if (!gradient.defined()) return false;
  const Tensor size = gradient[0][0].abs();
  const Tensor used = size > size.max() * 1e-7;
  for (std::int64_t axis = 0; axis < 3; ++axis) {
    const Tensor along = used.transpose(0, axis).flatten(1).any(1);
    for (std::int64_t n = 0; n < probe_patch; ++n) {
      if (along[n].item<bool>()) touched[static_cast<std::size_t>(n)] = true;
    }
  }
  return true;
}

/// 0 if the footprint is empty or reaches the patch's border.
std::int64_t extent(const std::vector<bool>& touched) {
  std::int64_t first = -1, last = -1;
  for (std::int64_t n = 0; n < probe_patch; ++n) {
    if (!touched[static_cast<std::size_t>(n)]) continue;
    if (first < 0) first = n;
    last = n;
  }
  return first <= 0 || last == probe_patch - 1 ? 0 : last - first + 1;
}

}  // namespace

struct ScriptEncoder::Script {
  torch::jit::Module module;
};

void set_code_allowed(bool allowed) {
  code_allowed = allowed;
}

ScriptEncoder::ScriptEncoder(std::int64_t bytes, std::string sha256) : sha256_(std::move(sha256)) {
  bytes_ = register_buffer("script", torch::zeros({bytes}, torch::kUInt8));
}

ScriptEncoder::~ScriptEncoder() = default;

std::shared_ptr<ScriptEncoder> ScriptEncoder::from_json(const Json& json) {
  require_leave();
  const auto bytes = json.at("script_bytes").get<std::int64_t>();
  if (bytes < 1) throw Error("script_bytes is not a size");
  std::shared_ptr<ScriptEncoder> network(new ScriptEncoder(bytes, json.at("script_sha256").get<std::string>()));
  for (const auto& tap : json.at("taps")) {
    network->taps_.push_back({tap.at("name").get<std::string>(), tap.at("channels").get<std::int64_t>(),
                              tap.at("stride").get<std::int64_t>(), tap.at("receptive_field").get<std::int64_t>()});
  }
  return network;
}

std::shared_ptr<ScriptEncoder> ScriptEncoder::from_file(const std::filesystem::path& path) {
  with_context(path.string(), require_leave);
  const std::string content = read_file(path, largest_script_bytes);
  return with_context(path.string(), [&] {
    if (content.empty()) throw Error("is empty, expected TorchScript");
    std::shared_ptr<ScriptEncoder> network(
        new ScriptEncoder(static_cast<std::int64_t>(content.size()), sha256_hex(content.data(), content.size())));
    std::memcpy(network->bytes_.data_ptr(), content.data(), content.size());
    network->prepare(torch::Device(torch::kCPU));
    guarded([&] { network->probe(); });
    return network;
  });
}

Json ScriptEncoder::json() const {
  return {{"architecture", "torchscript"}, {"script_bytes", bytes_.numel()}, {"script_sha256", sha256_}};
}

void ScriptEncoder::prepare(torch::Device device) {
  require_leave();
  const Tensor plain = bytes_.to(torch::kCPU).contiguous();
  const std::string content(static_cast<const char*>(plain.data_ptr()), plain.nbytes());
  const std::string found = sha256_hex(content.data(), content.size());
  if (found != sha256_) {
    throw Error(
        fmt::format("the script is not the one that was imported (SHA-256 {:.12} instead of {:.12})", found, sha256_));
  }
  guarded([&] {
    std::istringstream stream(content);
    script_ = std::make_unique<Script>(Script{torch::jit::load(stream, device)});
    script_->module.eval();
    for (auto parameter : script_->module.parameters()) parameter.set_requires_grad(false);
  });
}

std::vector<Tensor> ScriptEncoder::call(const Tensor& x) const {
  return tensors_of(script_->module.forward({x}));
}

std::vector<Tensor> ScriptEncoder::first_maps(const Tensor& x, std::size_t count) {
  return guarded([&] {
    std::vector<Tensor> found = call(x);
    if (found.size() != taps_.size()) {
      throw Error(fmt::format("the script gives {} maps, expected {}", found.size(), taps_.size()));
    }
    found.resize(count);
    return found;
  });
}

void ScriptEncoder::probe() {
  at::Generator generator = at::detail::createCPUGenerator(1);
  std::vector<std::vector<bool>> touched;
  std::vector<bool> known;
  for (int draw = 0; draw < probe_draws; ++draw) {
    Tensor x = torch::rand({1, 1, probe_patch, probe_patch, probe_patch}, generator).mul_(2).sub_(1);
    x.set_requires_grad(true);
    const std::vector<Tensor> maps = call(x);
    known.resize(maps.size(), true);
    touched.resize(maps.size(), std::vector<bool>(probe_patch, false));
    for (std::size_t n = 0; n < maps.size(); ++n) {
      const Tensor& map = maps[n];
      if (map.dim() != 5 || map.size(0) != 1 || map.scalar_type() != torch::kFloat32 || map.numel() == 0 ||
          map.size(3) != map.size(2) || map.size(4) != map.size(2) || map.size(2) > probe_patch) {
        throw Error(fmt::format("map {} of the script is no float32 map (1, channels, d, d, d) of a patch", n + 1));
      }
      known[n] = add_footprint(map, x, touched[n], generator) && known[n];
      if (draw > 0) continue;
      const std::int64_t stride = std::llround(static_cast<double>(probe_patch) / static_cast<double>(map.size(2)));
      taps_.push_back({"t" + std::to_string(n + 1), map.size(1), stride, 0});
    }
  }
  for (std::size_t n = 0; n < taps_.size(); ++n) taps_[n].receptive_field = known[n] ? extent(touched[n]) : 0;
}

}  // namespace gdm::nn
