// LibTorch from 1.13 to current 2.x, CPU and CUDA: what differs between them stands here and in compat.cpp, nowhere
// else.
#pragma once

#include <string>

#include "nn/tensor.hpp"
#include "sys/error.hpp"

namespace torch::optim {
class AdamW;
struct AdamWParamState;
}  // namespace torch::optim

namespace gdm::nn {

/// "cpu", "cuda", "cuda:1" or "auto" (CUDA when this LibTorch has it and a device answers). Throws Error for a CUDA
/// device that is not there.
torch::Device device_from_text(const std::string& text);

/// Optimiser state of one parameter, created empty on first access.
torch::optim::AdamWParamState& adamw_state(torch::optim::AdamW& optimizer, const Tensor& parameter);

/// While it lives, and if it is told to, convolutions and matrix products on `device` compute in bfloat16 (autocast);
/// parameters stay what they are.
class Bfloat16Guard {
 public:
  Bfloat16Guard(torch::Device device, bool enabled);
  ~Bfloat16Guard();
  Bfloat16Guard(const Bfloat16Guard&) = delete;
  Bfloat16Guard& operator=(const Bfloat16Guard&) = delete;

 private:
  bool is_enabled() const;
  torch::ScalarType type() const;
  void set(bool enabled, torch::ScalarType type) const;

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

/// Of the headers, such as "1.13.0".
std::string torch_version();

}  // namespace gdm::nn
