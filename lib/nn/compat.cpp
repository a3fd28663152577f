#include "nn/compat.hpp"

#include <ATen/autocast_mode.h>
#include <torch/cuda.h>
#include <torch/optim/adamw.h>
#include <torch/version.h>

#include <memory>
#include <sstream>
#include <type_traits>

#include "sys/error.hpp"

namespace gdm::nn {
namespace {

template <class Key>
Key optimizer_key(void* implementation) {
  if constexpr (std::is_same_v<Key, std::string>) {
    std::ostringstream text;
    text << implementation;
    return text.str();
  } else {
    return implementation;
  }
}

}  // namespace

torch::Device device_from_text(const std::string& text) {
  if (text == "auto") return torch::Device(torch::cuda::is_available() ? torch::kCUDA : torch::kCPU);
  const torch::Device device(text);
  if (device.is_cuda()) {
    if (!torch::cuda::is_available()) throw Error("--device " + text + ": this LibTorch finds no CUDA device");
    if (device.has_index() && static_cast<std::size_t>(device.index()) >= torch::cuda::device_count()) {
      throw Error("--device " + text + ": there are only " + std::to_string(torch::cuda::device_count()) +
                  " CUDA devices");
    }
  }
  return device;
}

// LibTorch 1.13 keys the states by the printed address of the parameter's implementation, later versions by the
// address.
torch::optim::AdamWParamState& adamw_state(torch::optim::AdamW& optimizer, const Tensor& parameter) {
  auto& states = optimizer.state();
  using Key = typename std::decay_t<decltype(states)>::key_type;
  auto& slot = states[optimizer_key<Key>(parameter.unsafeGetTensorImpl())];
  if (slot == nullptr) slot = std::make_unique<torch::optim::AdamWParamState>();
  return static_cast<torch::optim::AdamWParamState&>(*slot);
}

Bfloat16Guard::Bfloat16Guard(torch::Device device, bool enabled) : kind_(device.type()), active_(enabled) {
  if (!active_) return;
  was_enabled_ = is_enabled();
  old_type_ = type();
  set(true, torch::kBFloat16);
  at::autocast::increment_nesting();
}

Bfloat16Guard::~Bfloat16Guard() {
  if (!active_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();  // casts of weights that will change
  set(was_enabled_, old_type_);
}

// LibTorch before 2.4 has functions for each kind of device.
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
bool Bfloat16Guard::is_enabled() const {
  return at::autocast::is_autocast_enabled(kind_);
}
torch::ScalarType Bfloat16Guard::type() const {
  return at::autocast::get_autocast_dtype(kind_);
}
void Bfloat16Guard::set(bool enabled, torch::ScalarType type) const {
  at::autocast::set_autocast_enabled(kind_, enabled);
  at::autocast::set_autocast_dtype(kind_, type);
}
#else
bool Bfloat16Guard::is_enabled() const {
  return kind_ == torch::kCPU ? at::autocast::is_cpu_enabled() : at::autocast::is_enabled();
}
torch::ScalarType Bfloat16Guard::type() const {
  return kind_ == torch::kCPU ? at::autocast::get_autocast_cpu_dtype() : at::autocast::get_autocast_gpu_dtype();
}
void Bfloat16Guard::set(bool enabled, torch::ScalarType type) const {
  kind_ == torch::kCPU ? at::autocast::set_cpu_enabled(enabled) : at::autocast::set_enabled(enabled);
  kind_ == torch::kCPU ? at::autocast::set_autocast_cpu_dtype(type) : at::autocast::set_autocast_gpu_dtype(type);
}
#endif

std::string torch_version() {
  return std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) + "." +
         std::to_string(TORCH_VERSION_PATCH);
}

}  // namespace gdm::nn
