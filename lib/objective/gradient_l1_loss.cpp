#include "objective/gradient_l1_loss.hpp"

namespace gdm::objective {

PairedLoss gradient_l1_loss(const Tensor& predicted, const Tensor& target, const Tensor& mask) {
  const torch::NoGradGuard no_grad;
  const Tensor inside = mask.to(torch::kFloat32);
  const Tensor residual = (predicted - target).to(torch::kFloat32) * inside;
  const Tensor none = torch::zeros({}, residual.options().dtype(torch::kFloat64));
  PairedLoss result{none, torch::zeros_like(residual)};
  Tensor pairs = none;
  for (const std::int64_t axis : {2, 3, 4}) {
    const std::int64_t count = residual.size(axis) - 1;
    const auto first = [&](const Tensor& x) { return x.narrow(axis, 0, count); };
    const auto second = [&](const Tensor& x) { return x.narrow(axis, 1, count); };
    const Tensor both = first(inside) * second(inside);
    const Tensor difference = (second(residual) - first(residual)).mul_(both);
    pairs = pairs + both.sum();
    result.value = result.value + difference.abs().sum();
    const Tensor sign = difference.sign();
    second(result.gradient).add_(sign);
    first(result.gradient).sub_(sign);
  }
  pairs = pairs.clamp_min(1.0);
  return {result.value / pairs, result.gradient.div_(pairs)};
}

}  // namespace gdm::objective
