#include "nn/tensor_io.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "nn/modules.hpp"
#include "sys/error.hpp"
#include "sys/sha256.hpp"

namespace gdm::nn {
namespace {

struct Dtype {
  const char* name;
  torch::ScalarType type;
};
constexpr std::array<Dtype, 7> dtypes{{{"F32", torch::kFloat32},
                                       {"F64", torch::kFloat64},
                                       {"BF16", torch::kBFloat16},
                                       {"F16", torch::kFloat16},
                                       {"I64", torch::kInt64},
                                       {"I32", torch::kInt32},
                                       {"U8", torch::kUInt8}}};

torch::ScalarType type_of(const std::string& dtype) {
  for (const auto& entry : dtypes) {
    if (dtype == entry.name) return entry.type;
  }
  throw Error(fmt::format("tensors of type {} are not supported here", dtype));
}

const char* name_of(torch::ScalarType type) {
  for (const auto& entry : dtypes) {
    if (type == entry.type) return entry.name;
  }
  throw Error("a tensor of an unexpected type was to be written");
}

}  // namespace

NamedTensors named_state(const torch::nn::Module& module) {
  NamedTensors tensors;
  for (const auto& item : module.named_parameters()) tensors.emplace_back(item.key(), item.value());
  for (const auto& item : module.named_buffers()) tensors.emplace_back(item.key(), item.value());
  return tensors;
}

Tensor load_tensor(const SafetensorsFile& file, const std::string& name) {
  const TensorView& view = file.tensor(name);
  return with_context(file.path().string() + ": " + name, [&] {
    Tensor tensor = torch::empty(view.shape, torch::TensorOptions().dtype(type_of(view.dtype)));
    std::memcpy(tensor.data_ptr(), view.data, view.bytes);
    return tensor;
  });
}

void load_state(const SafetensorsFile& file, const std::string& prefix, torch::nn::Module& module) {
  const torch::NoGradGuard no_grad;
  for (auto& [name, target] : named_state(module)) {
    const Tensor stored = load_tensor(file, prefix + name);
    if (stored.sizes() != target.sizes()) {
      throw Error(fmt::format("{}: tensor {}{} has shape [{}], expected [{}]", file.path().string(), prefix, name,
                              fmt::join(stored.sizes(), ", "), fmt::join(target.sizes(), ", ")));
    }
    target.copy_(stored);
  }
}

void TensorWriter::add(const std::string& name, const Tensor& tensor) {
  kept_.emplace_back(name, tensor.detach().to(torch::kCPU).contiguous());
}

void TensorWriter::add(const std::string& prefix, const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) add(prefix + name, tensor);
}

SafetensorsWriter TensorWriter::writer() const {
  SafetensorsWriter writer;
  for (const auto& [name, tensor] : kept_) {
    writer.add(name, name_of(tensor.scalar_type()), tensor.sizes().vec(), tensor.data_ptr());
  }
  return writer;
}

std::string TensorWriter::write(const std::filesystem::path& path, const Json& description, Overwrite overwrite) const {
  return writer().write(path, description, overwrite);
}

std::string TensorWriter::bytes(const Json& description) const {
  return writer().bytes(description);
}

std::string state_digest(const torch::nn::Module& module) {
  NamedTensors tensors = named_state(module);
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Sha256 digest;
  for (const auto& [name, tensor] : tensors) {
    const Tensor plain = tensor.detach().to(torch::kCPU).contiguous();
    const std::string head =
        fmt::format("{} {} [{}]\n", name, name_of(plain.scalar_type()), fmt::join(plain.sizes(), ","));
    digest.update(head.data(), head.size());
    digest.update(plain.data_ptr(), plain.nbytes());
  }
  return digest.hex();
}

}  // namespace gdm::nn
