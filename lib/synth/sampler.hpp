// How a generator makes an image from its conditions, patch by patch: one evaluation of its network, or in time the
// steps of an ODE or of a diffusion. Validation and synthesis ask the same one.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "engine/generator.hpp"
#include "nn/generator.hpp"

namespace gdm::synth {

class Sampler {
 public:
  virtual ~Sampler() = default;
  /// conditions (N, C, D, H, W), then noise_channels() of noise; to (N, 1, D, H, W) in units of the generator's HuMap,
  /// on the same device. A patch's result depends on that patch alone. Called where no gradients are kept.
  virtual torch::Tensor sample(const torch::Tensor& conditions) = 0;
  /// Network evaluations that a patch takes.
  virtual std::int64_t evaluations() const = 0;
  /// Volumes of standard normal noise that sample() takes behind the conditions.
  virtual std::int64_t noise_channels() const { return 0; }
};

/// The network's output is the image.
class OneStepSampler : public Sampler {
 public:
  /// Shares the network's weights: it sees what a training makes of them.
  explicit OneStepSampler(nn::Generator network, std::int64_t noise_channels = 0)
      : network_(std::move(network)), noise_channels_(noise_channels) {}
  torch::Tensor sample(const torch::Tensor& conditions) override { return network_(conditions); }
  std::int64_t evaluations() const override { return 1; }
  std::int64_t noise_channels() const override { return noise_channels_; }

 private:
  nn::Generator network_;
  std::int64_t noise_channels_;
};

/// The sampler of a generator: one step, or those of its process. It shares the weights; `base` is empty unless the
/// process begins with a regression's output. Throws Error, usage, for evaluations that the solver
/// cannot make, or a solver of another process.
std::unique_ptr<Sampler> make_sampler(const nn::GeneratorConfig& config, nn::Generator network,
                                      nn::Generator base = nullptr, const engine::Sampling& sampling = {});

}  // namespace gdm::synth
