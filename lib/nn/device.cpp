#include "nn/device.hpp"

#include <ATen/Context.h>
#include <fmt/format.h>
#include <torch/cuda.h>

#include <mutex>

#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::nn {
namespace {

std::string no_device(const CudaState& cuda) {
  if (!cuda.built) return "this LibTorch is built without CUDA";
  return "no CUDA device answers (" + (cuda.reason.empty() ? "no driver, or no device" : cuda.reason) + ")";
}

/// Without AVX512_BF16, which every CPU with AMX has as well; of others than x86 nothing is known.
bool cpu_lacks_bf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") == 0;
#else
  return false;
#endif
}

/// Several networks of one process compute in the same arithmetic, and one warning is enough.
void warn_once(const std::string& text) {
  static std::once_flag once;
  std::call_once(once, log_warning, text);
}

}  // namespace

CudaState cuda_state() {
  CudaState state;
  state.built = at::Context::hasCUDART();
  CaughtWarnings caught;  // a missing or old driver is told as a warning
  state.devices = static_cast<std::int64_t>(torch::cuda::device_count());
  if (state.devices == 0) state.reason = caught.first_sentence();
  return state;
}

torch::Device device_from_text(const std::string& text) {
  if (text == "cpu") return torch::Device(torch::kCPU);
  return device_from_text(text, cuda_state());
}

torch::Device device_from_text(const std::string& text, const CudaState& cuda) {
  if (text == "auto") return torch::Device(cuda.devices > 0 ? torch::kCUDA : torch::kCPU);
  const torch::Device device(text);
  if (!device.is_cuda()) return device;
  if (cuda.devices == 0) throw Error(fmt::format("--device {}: {}", text, no_device(cuda)));
  if (device.has_index() && device.index() >= cuda.devices) {
    throw Error(cuda.devices == 1 ? fmt::format("--device {}: the only CUDA device is cuda:0", text)
                                  : fmt::format("--device {}: the last of {} CUDA devices is cuda:{}", text,
                                                cuda.devices, cuda.devices - 1));
  }
  return device;
}

std::string choice_of_auto(const CudaState& cuda) {
  if (cuda.devices == 0) return "--device auto: the CPU, as " + no_device(cuda);
  return "--device auto: cuda:0" + (cuda.devices > 1 ? fmt::format(", the first of {} devices", cuda.devices) : "");
}

void set_tf32(bool allowed) {
  allow_tf32(allowed);
  at::globalContext().setDeterministicCuDNN(true);
}

void set_arithmetic(engine::Precision precision, torch::Device device) {
  set_tf32(precision == engine::Precision::tf32);
  if (!device.is_cpu()) return;
  if (precision == engine::Precision::tf32) warn_once("--precision tf32 is for CUDA; a CPU computes in fp32");
  if (precision == engine::Precision::bf16 && cpu_lacks_bf16()) {
    warn_once("--precision bf16 is slower than fp32 on this CPU, which has no instructions for it");
  }
}

ArithmeticGuard::ArithmeticGuard(engine::Precision precision, torch::Device device)
    : bfloat16_(device, precision == engine::Precision::bf16), tf32_before_(tf32_allowed()) {
  set_arithmetic(precision, device);
}

ArithmeticGuard::~ArithmeticGuard() {
  allow_tf32(tf32_before_);
}

}  // namespace gdm::nn
