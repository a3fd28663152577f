// How a generator makes an image from its conditions, patch by patch: one evaluation of its network, or in time the
// steps of an ODE or of a diffusion. Validation and synthesis ask the same one.
#pragma once

#include <cstdint>
#include <utility>

#include "nn/generator.hpp"

namespace gdm::synth {

class Sampler {
 public:
  virtual ~Sampler() = default;
  /// conditions (N, C, D, H, W), then the noise channels if the generator has any; to (N, 1, D, H, W) in units of the
  /// generator's HuMap, on the same device. A patch's result depends on that patch alone. Called where no gradients are
  /// kept.
  virtual torch::Tensor sample(const torch::Tensor& conditions) = 0;
  /// Network evaluations that a patch takes.
  virtual std::int64_t evaluations() const = 0;
};

/// The network's output is the image.
class OneStepSampler : public Sampler {
 public:
  /// Shares the network's weights: it sees what a training makes of them.
  explicit OneStepSampler(nn::Generator network) : network_(std::move(network)) {}
  torch::Tensor sample(const torch::Tensor& conditions) override { return network_(conditions); }
  std::int64_t evaluations() const override { return 1; }

 private:
  nn::Generator network_;
};

}  // namespace gdm::synth
