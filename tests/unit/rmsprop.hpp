// A short training of a small network, for tests of what a method learns.
#pragma once

#include <functional>
#include <vector>

#include "nn/tensor.hpp"

namespace gdm_test {

/// 500 steps of RMSprop, the last 150 of them small. `add_gradients` adds those of a step to the parameters.
inline void train_briefly(torch::nn::Module& network, const std::function<void(std::int64_t step)>& add_gradients) {
  std::vector<torch::Tensor> squares;
  for (const torch::Tensor& parameter : network.parameters()) squares.push_back(torch::zeros_like(parameter));
  for (std::int64_t step = 0; step < 500; ++step) {
    add_gradients(step);
    const torch::NoGradGuard no_grad;
    std::size_t n = 0;
    for (torch::Tensor& parameter : network.parameters()) {
      squares[n].mul_(0.95).addcmul_(parameter.grad(), parameter.grad(), 0.05);
      parameter.addcdiv_(parameter.grad(), squares[n].sqrt() + 1e-6, step < 350 ? -2e-3 : -3e-4);
      parameter.mutable_grad().reset();
      ++n;
    }
  }
}

}  // namespace gdm_test
