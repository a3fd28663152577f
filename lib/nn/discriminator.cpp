#include "nn/discriminator.hpp"

#include <string>

namespace gdm::nn {

PatchDiscriminatorImpl::PatchDiscriminatorImpl(std::int64_t inputs, std::int64_t width) {
  const std::vector<std::int64_t> channels{inputs, width, 2 * width, 4 * width, 8 * width, 1};
  for (std::size_t layer = 0; layer + 1 < channels.size(); ++layer) {
    const auto options =
        torch::nn::Conv3dOptions(channels[layer], channels[layer + 1], 4).stride(layer < 3 ? 2 : 1).padding(1);
    convolutions.push_back(register_module("conv" + std::to_string(layer), torch::nn::Conv3d(options)));
  }
}

Tensor PatchDiscriminatorImpl::forward(const Tensor& volumes) {
  constexpr double slope = 0.2;
  Tensor x = volumes;
  for (std::size_t layer = 0; layer < convolutions.size(); ++layer) {
    x = convolutions[layer](x);
    if (layer + 1 == convolutions.size()) break;
    if (layer > 0) x = torch::instance_norm(x, {}, {}, {}, {}, true, 0.1, 1e-5, false);
    x = torch::leaky_relu(x, slope);
  }
  return x;
}

}  // namespace gdm::nn
