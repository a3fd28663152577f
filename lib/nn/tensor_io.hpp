// Named tensors to and from safetensors files.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "io/json.hpp"
#include "io/safetensors.hpp"
#include "nn/tensor.hpp"

namespace gdm::nn {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// Parameters and buffers of a module, names as LibTorch gives them.
NamedTensors named_state(const torch::nn::Module& module);

/// A CPU copy of one stored tensor (F64, F32, F16, BF16, I64, I32, U8). Throws Error for other dtypes.
Tensor load_tensor(const SafetensorsFile& file, const std::string& name);
/// Copies the tensors `prefix + name` into a module's state. Throws Error for a missing tensor or another shape.
void load_state(const SafetensorsFile& file, const std::string& prefix, torch::nn::Module& module);

/// Collects tensors of any device for one file. Those already on the CPU are not copied: write before they change.
class TensorWriter {
 public:
  void add(const std::string& name, const Tensor& tensor);
  void add(const std::string& prefix, const NamedTensors& tensors);
  /// Returns the payload's SHA-256.
  std::string write(const std::filesystem::path& path, const Json& description, Overwrite overwrite) const;
  /// What write() would write.
  std::string bytes(const Json& description) const;

 private:
  SafetensorsWriter writer() const;

  NamedTensors kept_;
};

/// SHA-256 over names, shapes and bytes of a module's state: what "the same weights" means.
std::string state_digest(const torch::nn::Module& module);

}  // namespace gdm::nn
