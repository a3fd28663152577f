#include "objective/gradient_l1_loss.hpp"

namespace gdm::objective {

PairedLoss gradient_l1_loss(const Tensor& predicted, const Tensor& target, const Tensor& mask) {
  const torch::NoGradGuard no_grad;
  const Tensor inside = mask.to(torch::kFloat32);
  const Tensor residual = (predicted - target).to(torch::kFloat32) * inside;
  PairedLoss result{0.0, torch::zeros_like(residual)};
  double pairs = 0;
  for (const std::int64_t axis : {2, 3, 4}) {
    const std::int64_t count = residual.size(axis) - 1;
    const auto first = [&](const Tensor& x) { return x.narrow(axis, 0, count); };
    const auto second = [&](const Tensor& x) { return x.narrow(axis, 1, count); };
    const Tensor both = first(inside) * second(inside);
    const Tensor difference = (second(residual) - first(residual)).mul_(both);
    pairs += both.sum().item<double>();
    result.value += difference.abs().sum().item<double>();
    const Tensor sign = difference.sign();
    second(result.gradient).add_(sign);
    first(result.gradient).sub_(sign);
  }
  if (pairs == 0) return result;
  result.value /= pairs;
  result.gradient.div_(pairs);
  return result;
}

}  // namespace gdm::objective
