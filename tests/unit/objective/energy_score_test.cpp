#include "objective/energy_score.hpp"

#include <doctest/doctest.h>

#include <cmath>

using namespace gdm::objective;
using torch::Tensor;

namespace {

/// Of that many patches, each with a target and two draws, of independent normal numbers in each voxel or one in each
/// block.
double mean_score(std::int64_t patches, double spread_of_draws, bool target_in_blocks, bool draws_in_blocks) {
  torch::manual_seed(5);
  const auto normal = [&](std::int64_t channels, bool in_blocks) {
    const std::int64_t edge = in_blocks ? 1 : energy_block;
    return torch::randn({patches, channels, edge, edge, edge}, torch::kFloat64)
        .expand({-1, -1, energy_block, energy_block, energy_block});
  };
  const Tensor target = normal(1, target_in_blocks), draws = normal(2, draws_in_blocks) * spread_of_draws;
  return energy_score(draws, target, torch::ones_like(target)).item<double>();
}

}  // namespace

TEST_CASE("energy score: of constant patches it is the formula") {
  const auto patch = [](double value) { return torch::full({1, 1, 8, 8, 8}, value, torch::kFloat64); };
  const Tensor target = patch(1), weight = patch(1);
  const auto score = [&](const std::vector<double>& values) {
    std::vector<Tensor> draws;
    for (const double value : values) draws.push_back(patch(value));
    return energy_score(torch::cat(draws, 1), target, weight).item<double>();
  };
  const double of_two = fair_part / 2 + (1 - fair_part) / 4;  // half of both orders
  CHECK(score({0.5, 4}) == doctest::Approx((0.5 + 3) / 2 - of_two * 3.5).epsilon(1e-6));
  const double of_three = fair_part / 6 + (1 - fair_part) / 9;
  CHECK(score({0, 2, 5}) == doctest::Approx((1 + 1 + 4) / 3.0 - of_three * (2 + 5 + 3)).epsilon(1e-6));
}

TEST_CASE("energy score: least for draws that are spread as the target is, where an error of each is least for none") {
  const double right = mean_score(4000, 1.0, false, false);
  for (const double spread : {0.0, 0.6, 0.8, 1.25, 1.6}) CHECK(mean_score(4000, spread, false, false) > right);
  CHECK(mean_score(4000, 0.8, true, true) > mean_score(4000, 1.0, true, true));
}

TEST_CASE("energy score: voxels that belong together are drawn together") {
  CHECK(mean_score(4000, 1.0, true, true) < mean_score(4000, 1.0, true, false) - 0.02);
  CHECK(mean_score(4000, 1.0, false, false) < mean_score(4000, 1.0, false, true) - 0.02);
}

TEST_CASE("energy score: its gradient is that of finite differences, and nothing counts where the weight is small") {
  torch::manual_seed(2);
  const Tensor target = torch::randn({2, 1, 6, 8, 4}, torch::kFloat64);  // 6: a block and a rest
  Tensor weight = torch::ones_like(target);
  weight.slice(3, 0, 4).fill_(1e-9);
  Tensor draws = torch::randn({2, 3, 6, 8, 4}, torch::kFloat64).requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({energy_score(draws, target, weight)}, {draws})[0];
  CHECK(gradient.slice(3, 0, 4).abs().max().item<double>() < 1e-8);
  const torch::NoGradGuard no_grad;
  const Tensor direction = torch::randn_like(draws);
  const double step = 1e-6;
  const double slope =
      (energy_score(draws + direction * step, target, weight) - energy_score(draws - direction * step, target, weight))
          .item<double>() /
      (2 * step);
  CHECK(slope == doctest::Approx((gradient * direction).sum().item<double>()).epsilon(1e-4));
}
