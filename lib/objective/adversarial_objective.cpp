#include "objective/adversarial_objective.hpp"

#include <torch/optim/adamw.h>

#include "nn/adam_state.hpp"
#include "nn/compat.hpp"
#include "nn/volume_tensors.hpp"
#include "sys/log.hpp"

namespace gdm::objective {

using engine::AdversarialLoss;

Tensor discriminator_loss(const Tensor& real, const Tensor& generated, AdversarialLoss loss) {
  if (loss == AdversarialLoss::hinge) return 0.5 * (torch::relu(1 - real).mean() + torch::relu(1 + generated).mean());
  return 0.5 * ((real - 1).square().mean() + generated.square().mean());
}

Tensor generator_loss(const Tensor& generated, AdversarialLoss loss) {
  return loss == AdversarialLoss::hinge ? -generated.mean() : (generated - 1).square().mean();
}

Tensor r1_penalty(const Tensor& scores, const Tensor& real, double gamma) {
  const Tensor slope = torch::autograd::grad({scores.sum()}, {real}, {}, true, true)[0];
  return slope.square().sum() * (0.5 * gamma / static_cast<double>(real.size(0)));
}

AdversarialObjective::AdversarialObjective(std::int64_t conditions, const AdversarialOptions& options,
                                           torch::Device device)
    : options_(options), network_(conditions + 1, options.width) {
  network_->to(device);
  for (const auto& item : network_->named_parameters()) {
    names_.push_back(item.key());
    parameters_.push_back(item.value());
  }
  optimizer_ = std::make_unique<torch::optim::AdamW>(
      parameters_, torch::optim::AdamWOptions(options.rate).betas({0.5, 0.999}).weight_decay(0));
}

AdversarialObjective::~AdversarialObjective() = default;

std::vector<ObjectiveGradient> AdversarialObjective::gradients(const OutputPatch& patch, at::Generator&) {
  const Tensor shown = nn::air_outside(patch.predicted, patch.mask);
  const Tensor loss = generator_loss(scores(patch.conditions, shown), options_.loss);
  ObjectiveGradient out{"adversarial", torch::autograd::grad({loss}, {patch.predicted})[0], options_.share, {}};
  out.log.set("/loss", loss.detach());
  learn(patch.conditions, nn::air_outside(patch.target, patch.mask), shown.detach(), out.log).backward();
  ++batches_;
  return {std::move(out)};
}

Tensor AdversarialObjective::scores(const Tensor& conditions, const Tensor& volume) {
  const nn::Bfloat16Guard guard(volume.device(), options_.bfloat16 && options_.r1 == 0);
  return network_(torch::cat({conditions, volume}, 1)).to(torch::kFloat32);
}

/// The discriminator's loss of a batch.
Tensor AdversarialObjective::learn(const Tensor& conditions, const Tensor& real, const Tensor& generated,
                                   nn::LogLine& log) {
  const Tensor leaf = real.detach().requires_grad_(options_.r1 > 0);
  const Tensor of_real = scores(conditions, leaf), of_generated = scores(conditions, generated);
  Tensor loss = discriminator_loss(of_real, of_generated, options_.loss);
  log.set("/discriminator_loss", loss.detach());
  log.set("/score_real", of_real.detach().mean());
  log.set("/score_generated", of_generated.detach().mean());
  if (options_.r1 > 0) loss = loss + r1_penalty(of_real, leaf, options_.r1);
  return loss;
}

void AdversarialObjective::settle() {
  if (batches_ == 0) return;
  std::vector<Tensor> finite;
  for (Tensor& parameter : parameters_) {
    parameter.mutable_grad().div_(static_cast<double>(batches_));
    finite.push_back(torch::isfinite(parameter.grad()).all());
  }
  batches_ = 0;
  if (torch::stack(finite).all().item<bool>()) {
    optimizer_->step();
    ++steps_;
  } else {
    log_warning("a step of the discriminator whose gradient is not finite was skipped");
  }
  optimizer_->zero_grad();
}

void AdversarialObjective::save(nn::TensorWriter& writer, const std::string& prefix, Json& json) const {
  json["steps"] = steps_;
  for (std::size_t i = 0; i < names_.size(); ++i) writer.add(prefix + "weights." + names_[i], parameters_[i]);
  if (steps_ > 0) nn::save_adam(prefix, names_, parameters_, *optimizer_, writer, json);
}

void AdversarialObjective::load(const SafetensorsFile& file, const std::string& prefix, const Json& json) {
  steps_ = json.at("steps").get<std::int64_t>();
  batches_ = 0;
  nn::load_state(file, prefix + "weights.", *network_);
  nn::load_adam(prefix, names_, parameters_, *optimizer_, file, json);
  optimizer_->zero_grad();
}

}  // namespace gdm::objective
