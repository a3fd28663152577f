// LibTorch from 1.13 to current 2.x, CPU and CUDA: what differs between them stands here and in compat.cpp, nowhere
// else.
#pragma once

#include <c10/core/impl/LocalDispatchKeySet.h>

#include <memory>
#include <string>

#include "nn/tensor.hpp"

namespace torch::optim {
class AdamW;
struct AdamWParamState;
}  // namespace torch::optim

namespace gdm::nn {

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

/// Within a Bfloat16Guard: while it lives, what has fp32 arguments computes in fp32.
class Float32Guard {
 private:
  c10::impl::ExcludeDispatchKeyGuard without_{c10::autocast_dispatch_keyset};
};

/// Lets fp32 arithmetic on CUDA use TF32, or not.
void allow_tf32(bool allowed);
/// What allow_tf32() said last, of convolutions and matrix products alike.
bool tf32_allowed();

/// LibTorch's warnings of the time in which it lives, which do not reach stderr. Not for several threads.
class CaughtWarnings {
 public:
  CaughtWarnings();
  ~CaughtWarnings();
  CaughtWarnings(const CaughtWarnings&) = delete;
  CaughtWarnings& operator=(const CaughtWarnings&) = delete;
  /// Of the first warning; empty if there was none.
  std::string first_sentence() const;

 private:
  class Handler;
  std::unique_ptr<Handler> handler_;
  c10::WarningHandler* before_;
};

/// Of the headers, such as "1.13.0".
std::string torch_version();

}  // namespace gdm::nn
