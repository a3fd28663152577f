// A sampler made of a function, for tests of what is done with patches.
#pragma once

#include <functional>
#include <utility>

#include "synth/sampler.hpp"

namespace gdm_test {

class FunctionSampler : public gdm::synth::Sampler {
 public:
  using Function = std::function<torch::Tensor(const torch::Tensor&)>;
  explicit FunctionSampler(Function function, std::int64_t evaluations = 1, std::int64_t noise_channels = 0)
      : function_(std::move(function)), evaluations_(evaluations), noise_channels_(noise_channels) {}
  torch::Tensor sample(const torch::Tensor& conditions) override { return function_(conditions); }
  std::int64_t evaluations() const override { return evaluations_; }
  std::int64_t noise_channels() const override { return noise_channels_; }

 private:
  Function function_;
  std::int64_t evaluations_, noise_channels_;
};

}  // namespace gdm_test
