#include "train/trainee.hpp"

#include <torch/optim/adamw.h>

#include <algorithm>
#include <cmath>

#include "nn/adam_state.hpp"
#include "nn/modules.hpp"
#include "sys/angle.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::train {
namespace {

constexpr double clip_norm = 1.0;

torch::optim::AdamWOptions adamw_options() {
  return torch::optim::AdamWOptions(1e-3).betas(std::make_tuple(0.9, 0.99)).weight_decay(0.01);
}

}  // namespace

double learning_rate(double peak, std::int64_t step, std::int64_t steps) {
  const auto warm_up = static_cast<double>(std::min<std::int64_t>(200, std::max<std::int64_t>(1, steps / 10)));
  const auto n = static_cast<double>(step);
  if (n < warm_up) return peak * (n + 1) / warm_up;
  const double decay_start = 0.6 * static_cast<double>(steps);
  if (n < decay_start) return peak;
  constexpr double last = 0.02;
  const double progress = (n - decay_start) / std::max(1.0, static_cast<double>(steps) - decay_start);
  return peak * (last + (1 - last) * 0.5 * (1 + std::cos(pi * std::min(1.0, progress))));
}

Trainee::Trainee(const torch::nn::Module& module, double ema_decay)
    : ema_decay_(ema_decay), optimizer_(std::make_unique<torch::optim::AdamW>(module.parameters(), adamw_options())) {
  for (const auto& item : module.named_parameters()) {
    names_.push_back(item.key());
    parameters_.push_back(item.value());
    averages_.push_back(item.value().detach().clone());
  }
}

Trainee::~Trainee() = default;

void Trainee::zero_grad() {
  for (auto& parameter : parameters_) {
    if (parameter.grad().defined()) parameter.mutable_grad().reset();
  }
}

double Trainee::rate_factor() const {
  return std::pow(0.5, static_cast<double>(rollbacks_));
}

Tensor Trainee::gradient_norm() const {
  std::vector<Tensor> norms;
  for (const Tensor& parameter : parameters_) {
    if (parameter.grad().defined()) norms.push_back(parameter.grad().norm());
  }
  return norms.empty() ? torch::zeros({}) : torch::stack(norms).norm();
}

void Trainee::step(double rate, double loss, double norm) {
  if (!std::isfinite(norm) || !std::isfinite(loss)) {
    if (++bad_in_a_row_ == 1) log_warning("a step whose loss or gradient is not finite was skipped");
    ++skipped_;
    return;
  }
  bad_in_a_row_ = 0;
  const torch::NoGradGuard no_grad;
  const double factor = clip_norm / (norm + 1e-6);
  for (Tensor& parameter : parameters_) {
    if (factor < 1 && parameter.grad().defined()) parameter.mutable_grad().mul_(factor);
  }
  for (auto& group : optimizer_->param_groups()) {
    static_cast<torch::optim::AdamWOptions&>(group.options()).lr(rate * rate_factor());
  }
  optimizer_->step();
  ++updates_;
  const auto n = static_cast<double>(updates_);
  const double decay = std::min(ema_decay_, (1 + n) / (10 + n));  // young averages follow quickly
  for (std::size_t i = 0; i < parameters_.size(); ++i) averages_[i].lerp_(parameters_[i], 1 - decay);
}

void Trainee::swap() {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor kept = parameters_[i].detach().clone();
    parameters_[i].copy_(averages_[i]);
    averages_[i].copy_(kept);
  }
}

void Trainee::save(nn::TensorWriter& writer, Json& json) const {
  json["updates"] = updates_;
  json["bad_in_a_row"] = bad_in_a_row_;
  json["skipped"] = skipped_;
  json["rollbacks"] = rollbacks_;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    writer.add("parameter." + names_[i], parameters_[i]);
    writer.add("average." + names_[i], averages_[i]);
  }
  if (updates_ > 0) nn::save_adam("", names_, parameters_, *optimizer_, writer, json);
}

void Trainee::load(const SafetensorsFile& file, const Json& json) {
  load_weights(file, json);
  bad_in_a_row_ = json.at("bad_in_a_row").get<std::int64_t>();
  skipped_ = json.at("skipped").get<std::int64_t>();
  rollbacks_ = json.at("rollbacks").get<std::int64_t>();
}

void Trainee::roll_back(const SafetensorsFile& file, const Json& json) {
  load_weights(file, json);
  bad_in_a_row_ = 0;
  ++rollbacks_;
}

void Trainee::load_weights(const SafetensorsFile& file, const Json& json) {
  const torch::NoGradGuard no_grad;
  updates_ = json.at("updates").get<std::int64_t>();
  for (std::size_t i = 0; i < names_.size(); ++i) {
    Tensor& parameter = parameters_[i];
    const auto stored = [&](const char* prefix) {
      const Tensor tensor = nn::load_tensor(file, prefix + names_[i]);
      if (tensor.sizes() != parameter.sizes()) throw Error(file.path().string() + ": tensor of another shape");
      return tensor.to(parameter.device());
    };
    parameter.copy_(stored("parameter."));
    averages_[i].copy_(stored("average."));
  }
  nn::load_adam("", names_, parameters_, *optimizer_, file, json);
}

}  // namespace gdm::train
