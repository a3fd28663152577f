// State of AdamW on disk.
#pragma once

#include <string>
#include <vector>

#include "io/json.hpp"
#include "nn/tensor.hpp"
#include "nn/tensor_io.hpp"

namespace torch::optim {
class AdamW;
}

namespace gdm::nn {

/// Adds the means of gradients and of their squares to a file, under `prefix` + "adam.mean." + name and "adam.square.",
/// and the number of steps to json["adam_steps"]. The optimiser has made at least one step of all `parameters`, whose
/// `names` stand in the same order.
void save_adam(const std::string& prefix, const std::vector<std::string>& names, const std::vector<Tensor>& parameters,
               torch::optim::AdamW& optimizer, TensorWriter& writer, Json& json);
/// Brings that back. Without "adam_steps" the optimiser is as new. Throws Error for a tensor that is missing.
void load_adam(const std::string& prefix, const std::vector<std::string>& names, const std::vector<Tensor>& parameters,
               torch::optim::AdamW& optimizer, const SafetensorsFile& file, const Json& json);

}  // namespace gdm::nn
