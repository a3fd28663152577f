// LibTorch from 1.13 to current 2.x, CPU and CUDA: what differs between them stands here and nowhere else.
#pragma once

#include <ATen/autocast_mode.h>
#include <torch/torch.h>

#include <sstream>
#include <string>
#include <type_traits>

#include "sys/error.hpp"

namespace gdm::nn {

using torch::Tensor;

/// "cpu", "cuda", "cuda:1" or "auto" (CUDA when this LibTorch has it and a device answers).
inline torch::Device device_from_text(const std::string& text) {
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

namespace detail {
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
}  // namespace detail

/// Optimiser state of one parameter, created empty on first access. LibTorch 1.13 keys it by the printed address of
/// the parameter's implementation, later versions by the address.
inline torch::optim::AdamWParamState& adamw_state(torch::optim::AdamW& optimizer, const Tensor& parameter) {
  auto& states = optimizer.state();
  using Key = typename std::decay_t<decltype(states)>::key_type;
  auto& slot = states[detail::optimizer_key<Key>(parameter.unsafeGetTensorImpl())];
  if (slot == nullptr) slot = std::make_unique<torch::optim::AdamWParamState>();
  return static_cast<torch::optim::AdamWParamState&>(*slot);
}

/// While it lives, and if it is told to, convolutions and matrix products on `device` compute in bfloat16 (autocast);
/// parameters stay what they are. LibTorch before 2.4 has functions for each kind of device.
class Bfloat16Guard {
 public:
  Bfloat16Guard(torch::Device device, bool enabled) : kind_(device.type()), active_(enabled) {
    if (!active_) return;
    was_enabled_ = is_enabled();
    old_type_ = type();
    set(true, torch::kBFloat16);
    at::autocast::increment_nesting();
  }
  ~Bfloat16Guard() {
    if (!active_) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();  // casts of weights that will change
    set(was_enabled_, old_type_);
  }
  Bfloat16Guard(const Bfloat16Guard&) = delete;
  Bfloat16Guard& operator=(const Bfloat16Guard&) = delete;

 private:
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  bool is_enabled() const {
    return at::autocast::is_autocast_enabled(kind_);
  }
  torch::ScalarType type() const {
    return at::autocast::get_autocast_dtype(kind_);
  }
  void set(bool enabled, torch::ScalarType type) const {
    at::autocast::set_autocast_enabled(kind_, enabled);
    at::autocast::set_autocast_dtype(kind_, type);
  }
#else
  bool on_cpu() const {
    return kind_ == torch::kCPU;
  }
  bool is_enabled() const {
    return on_cpu() ? at::autocast::is_cpu_enabled() : at::autocast::is_enabled();
  }
  torch::ScalarType type() const {
    return on_cpu() ? at::autocast::get_autocast_cpu_dtype() : at::autocast::get_autocast_gpu_dtype();
  }
  void set(bool enabled, torch::ScalarType type) const {
    on_cpu() ? at::autocast::set_cpu_enabled(enabled) : at::autocast::set_enabled(enabled);
    on_cpu() ? at::autocast::set_autocast_cpu_dtype(type) : at::autocast::set_autocast_gpu_dtype(type);
  }
#endif

  torch::DeviceType kind_;
  bool active_, was_enabled_ = false;
  torch::ScalarType old_type_ = torch::kBFloat16;
};

/// Runs `function`; LibTorch's exceptions leave it as Error with their first line.
template <class Function>
auto with_plain_errors(Function function) {
  try {
    return function();
  } catch (const c10::Error& error) {
    const std::string message = error.what_without_backtrace();
    throw Error("network: " + message.substr(0, message.find('\n')));
  }
}

inline std::string torch_version() {
  return std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) + "." +
         std::to_string(TORCH_VERSION_PATCH);
}

}  // namespace gdm::nn
