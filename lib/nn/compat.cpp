#include "nn/compat.hpp"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>
#include <torch/optim/adamw.h>
#include <torch/version.h>

#include <memory>
#include <sstream>
#include <type_traits>

// What raises and catches warnings is a class named Warning since LibTorch 2.0, and its functions have moved.
#if TORCH_VERSION_MAJOR < 2
namespace c10 {
namespace WarningUtils = Warning;
}
#endif

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

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 11)
void allow_tf32(bool allowed) {
  const auto precision = allowed ? at::Float32Precision::TF32 : at::Float32Precision::IEEE;
  for (const auto part : {at::Float32Op::ALL, at::Float32Op::CONV, at::Float32Op::MATMUL}) {
    at::globalContext().setFloat32Precision(at::Float32Backend::CUDA, part, precision);
  }
}
bool tf32_allowed() {
  return at::globalContext().float32Precision(at::Float32Backend::CUDA, at::Float32Op::MATMUL) ==
         at::Float32Precision::TF32;
}
#else
void allow_tf32(bool allowed) {
  at::globalContext().setAllowTF32CuDNN(allowed);
  at::globalContext().setAllowTF32CuBLAS(allowed);
}
bool tf32_allowed() {
  return at::globalContext().allowTF32CuBLAS();
}
#endif

class CaughtWarnings::Handler : public c10::WarningHandler {
 public:
#if TORCH_VERSION_MAJOR >= 2
  void process(const c10::Warning& warning) override {
    keep(warning.msg());
  }
#else
  void process(const c10::SourceLocation&, const std::string& message, const bool) override {
    keep(message);
  }
#endif
  const std::string& first() const {
    return first_;
  }

 private:
  void keep(const std::string& message) {
    if (first_.empty()) first_ = message;
  }
  std::string first_;
};

CaughtWarnings::CaughtWarnings()
    : handler_(std::make_unique<Handler>()), before_(c10::WarningUtils::get_warning_handler()) {
  c10::WarningUtils::set_warning_handler(handler_.get());
}

CaughtWarnings::~CaughtWarnings() {
  c10::WarningUtils::set_warning_handler(before_);
}

std::string CaughtWarnings::first_sentence() const {
  const std::string& text = handler_->first();
  const std::string line = text.substr(0, text.find('\n'));
  return line.substr(0, line.find(". "));
}

std::string torch_version() {
  return std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) + "." +
         std::to_string(TORCH_VERSION_PATCH);
}

}  // namespace gdm::nn
