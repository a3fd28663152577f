// The L1 of image gradients: its value by hand, the gradient of finite differences, and nothing outside the mask.
#include <ATen/CPUGeneratorImpl.h>
#include <doctest/doctest.h>

#include "objective/gradient_l1_loss.hpp"

using namespace gdm::objective;
using torch::Tensor;

TEST_CASE("gradient-l1: mean over neighbours, by hand") {
  const Tensor target = torch::zeros({1, 1, 1, 2, 3}), mask = torch::ones({1, 1, 1, 2, 3}).to(torch::kUInt8);
  const Tensor predicted = torch::tensor({0.0, 1.0, 3.0, 0.0, 1.0, -2.0}).reshape({1, 1, 1, 2, 3});
  // Along W 1, 2, 1, 3; along H 0, 0, 5: seven pairs.
  CHECK(gradient_l1_loss(predicted, target, mask).value.item<double>() == doctest::Approx(12.0 / 7));
  CHECK(gradient_l1_loss(predicted + 5, predicted, mask).value.item<double>() == 0);  // constants do not count
  Tensor part = mask.clone();
  part[0][0][0][1][2] = 0;  // pairs 3 and 5 are gone
  CHECK(gradient_l1_loss(predicted, target, part).value.item<double>() == doctest::Approx(4.0 / 5));
}

TEST_CASE("gradient-l1: the gradient is that of finite differences, 0 outside the mask") {
  torch::manual_seed(5);
  const Tensor target = torch::randn({2, 1, 6, 5, 7}), predicted = target + torch::randn_like(target);
  Tensor mask = torch::ones_like(target).to(torch::kUInt8);
  mask.slice(2, 0, 3).slice(3, 0, 3).zero_();
  const Tensor gradient = gradient_l1_loss(predicted, target, mask).gradient;
  CHECK(gradient.masked_select(mask == 0).abs().max().item<double>() == 0);
  for (int draw = 0; draw < 4; ++draw) {
    const Tensor direction = torch::randn_like(predicted);
    constexpr double step = 1e-4;  // few differences change their sign in so small a step
    const double rise = gradient_l1_loss(predicted + step * direction, target, mask).value.item<double>() -
                        gradient_l1_loss(predicted - step * direction, target, mask).value.item<double>();
    CHECK(rise / (2 * step) == doctest::Approx((gradient * direction).sum().item<double>()).epsilon(0.02));
  }
}

TEST_CASE("gradient-l1: as an objective, patches without a patient ask for nothing") {
  torch::manual_seed(6);
  const Tensor target = torch::randn({1, 1, 4, 4, 4}), predicted = torch::randn_like(target);
  PairedObjective objective("gradient_l1", gradient_l1_loss, 0.5);
  at::Generator generator = at::detail::createCPUGenerator(1);
  const Tensor mask = torch::ones_like(target).to(torch::kUInt8);
  const auto out = objective.gradients({predicted, target, mask, mask}, generator);
  REQUIRE(out.size() == 1);
  CHECK(out[0].name == "gradient_l1");
  CHECK(out[0].share == 0.5);
  CHECK(out[0].log.finished().at("loss").get<double>() > 0);
  const auto air =
      objective.gradients({predicted, target, torch::zeros_like(mask), torch::zeros_like(mask)}, generator);
  CHECK(air[0].gradient.abs().max().item<double>() == 0);
}
