// LibTorch from 1.13 to current 2.x, CPU and CUDA: what differs between them stands here and nowhere else.
#pragma once

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
