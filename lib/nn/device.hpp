// The device that the network works on.
#pragma once

#include <string>

#include "engine/compute.hpp"
#include "nn/compat.hpp"
#include "nn/tensor.hpp"

namespace gdm::nn {

/// What this LibTorch can do with CUDA here.
struct CudaState {
  bool built = false;        ///< whether it has a CUDA part at all
  std::int64_t devices = 0;  ///< that answer
  std::string reason;        ///< what it says if none does; may be empty
};
CudaState cuda_state();

/// The device of "cpu", "cuda", "cuda:1" or "auto" (CUDA if a device answers). Throws Error for one that is not there.
torch::Device device_from_text(const std::string& text);
torch::Device device_from_text(const std::string& text, const CudaState& cuda);

/// What "auto" took and why, for the user.
std::string choice_of_auto(const CudaState& cuda);

/// Whether convolutions and matrix products of fp32 on CUDA may round their factors to 10 bits (TF32); LibTorch alone
/// would let convolutions do so. The state of the process; convolutions on CUDA take algorithms that repeat their bits.
void set_tf32(bool allowed);

/// set_tf32() as `precision` says, and a warning where the device gains nothing by it.
void set_arithmetic(engine::Precision precision, torch::Device device);

/// While it lives, networks on `device` compute as `precision` says; afterwards TF32 and bfloat16 are allowed as they
/// were before, so that encoders which grade what a network made do not take over its arithmetic.
class ArithmeticGuard {
 public:
  ArithmeticGuard(engine::Precision precision, torch::Device device);
  ~ArithmeticGuard();
  ArithmeticGuard(const ArithmeticGuard&) = delete;
  ArithmeticGuard& operator=(const ArithmeticGuard&) = delete;

 private:
  Bfloat16Guard bfloat16_;
  bool tf32_before_;
};

}  // namespace gdm::nn
