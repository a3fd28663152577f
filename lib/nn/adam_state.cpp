#include "nn/adam_state.hpp"

#include <torch/optim/adamw.h>

#include "nn/compat.hpp"

namespace gdm::nn {
namespace {

constexpr const char* mean_key = "adam.mean.";
constexpr const char* square_key = "adam.square.";
constexpr const char* steps_key = "adam_steps";

}  // namespace

void save_adam(const std::string& prefix, const std::vector<std::string>& names, const std::vector<Tensor>& parameters,
               torch::optim::AdamW& optimizer, TensorWriter& writer, Json& json) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& state = adamw_state(optimizer, parameters[i]);
    writer.add(prefix + mean_key + names[i], state.exp_avg());
    writer.add(prefix + square_key + names[i], state.exp_avg_sq());
    json[steps_key] = state.step();
  }
}

void load_adam(const std::string& prefix, const std::vector<std::string>& names, const std::vector<Tensor>& parameters,
               torch::optim::AdamW& optimizer, const SafetensorsFile& file, const Json& json) {
  optimizer.state().clear();
  if (!json.contains(steps_key)) return;
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto& state = adamw_state(optimizer, parameters[i]);
    const torch::Device device = parameters[i].device();
    state.step(json.at(steps_key).get<std::int64_t>());
    state.exp_avg(load_tensor(file, prefix + mean_key + names[i]).to(device));
    state.exp_avg_sq(load_tensor(file, prefix + square_key + names[i]).to(device));
  }
}

}  // namespace gdm::nn
