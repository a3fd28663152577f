#include "train/paired_method.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/training.hpp"
#include "generator_fixture.hpp"
#include "io/sidecar.hpp"
#include "nn/noise.hpp"
#include "rmsprop.hpp"

using namespace gdm;
using namespace gdm::train;
using torch::Tensor;

namespace {

constexpr double target_spread = 0.4;

PairedMethod by_fidelity_alone(const nn::Generator& network, const nn::GeneratorConfig& config, std::int64_t draws) {
  engine::TrainOptions options;
  options.objective = engine::Objective::regression;
  Provenance provenance("test", {});
  const auto none = std::make_shared<Objectives>(options, 1, config.hu_map, 2.0, torch::kCPU, provenance);
  return {network, config, none, 1, draws, torch::kCPU, false};
}

/// Patches of one value, normal about 0, under a condition that says nothing: what 500 steps of so many draws make of
/// them. Returns the means of 256 draws.
Tensor learnt_draws(std::int64_t draws) {
  torch::manual_seed(6);
  nn::GeneratorConfig config = gdm_test::small_generator_config({12});
  config.residual_on_first = false;
  config.patch = 4;
  config.noise_channels = 1;
  nn::Generator network(config);
  PairedMethod method = by_fidelity_alone(network, config, draws);
  data::Batch batch;
  batch.conditions = torch::zeros({16, 1, 4, 4, 4});
  batch.mask = batch.host_mask = torch::ones({16, 1, 4, 4, 4}, torch::kUInt8);
  gdm_test::train_briefly(*network, [&](std::int64_t step) {
    batch.target = (target_spread * torch::randn({16, 1, 1, 1, 1})).expand({-1, 1, 4, 4, 4}).contiguous();
    method.add_gradients(batch, {step, step, 1});
  });
  const torch::NoGradGuard no_grad;
  return network(nn::with_step_noise(torch::zeros({256, 1, 4, 4, 4}), 1, 9, 0)).mean({1, 2, 3, 4});
}

}  // namespace

TEST_CASE("two draws of a patch learn how the target is spread, one draw learns to ignore its noise") {
  const double of_two = learnt_draws(2).std().item<double>(), of_one = learnt_draws(1).std().item<double>();
  CHECK(of_two > 0.6 * target_spread);
  CHECK(of_two < 1.4 * target_spread);
  CHECK(of_one < 0.2 * target_spread);
}

TEST_CASE("a regression by L1 holds to the likelier of two modes, which its condition moves") {
  torch::manual_seed(6);
  nn::GeneratorConfig config = gdm_test::small_generator_config({12});
  config.residual_on_first = false;
  config.patch = 4;
  nn::Generator network(config);
  PairedMethod method = by_fidelity_alone(network, config, 1);
  data::Batch batch;
  batch.mask = batch.host_mask = torch::ones({16, 1, 4, 4, 4}, torch::kUInt8);
  gdm_test::train_briefly(*network, [&](std::int64_t step) {
    const Tensor condition = torch::sign(torch::randn({16, 1, 1, 1, 1}));
    const Tensor likelier = torch::where(torch::rand({16, 1, 1, 1, 1}) < 0.75, 0.5, -0.5);
    batch.conditions = condition.expand({-1, 1, 4, 4, 4}).contiguous();
    batch.target = (condition / 3 + likelier).expand({-1, 1, 4, 4, 4}).contiguous();
    method.add_gradients(batch, {step, step, 1});
  });
  const torch::NoGradGuard no_grad;
  for (const double condition : {-1.0, 1.0}) {
    const double made = network(torch::full({1, 1, 4, 4, 4}, condition)).mean().item<double>();
    CHECK(std::abs(made - (condition / 3 + 0.5)) < 0.1);  // the mean of both lies .25 below
  }
}

TEST_CASE("draws of a patch are patches of their own in the log and to the objectives") {
  torch::manual_seed(1);
  nn::GeneratorConfig config = gdm_test::small_generator_config({8});
  config.noise_channels = 1;
  engine::TrainOptions options;
  options.objective = engine::Objective::regression;
  options.ssim = 0.2;
  options.drift_start = 0;
  options.steps = 10;
  Provenance provenance("test", {});
  PairedMethod method(nn::Generator(config), config,
                      std::make_shared<Objectives>(options, 1, config.hu_map, 2.0, torch::kCPU, provenance), 1, 3,
                      torch::kCPU, false);
  CHECK(method.loss_key() == "energy_score_hu");
  data::Batch batch;
  batch.conditions = torch::rand({2, 1, 16, 16, 16});
  batch.target = torch::rand({2, 1, 16, 16, 16});
  batch.mask = batch.host_mask = torch::ones({2, 1, 16, 16, 16}, torch::kUInt8);
  const Json line = method.add_gradients(batch, {9, 9, 1}).finished();
  CHECK(line.at("spread_hu").get<double>() > 0);
  CHECK(line.at("l1_hu").get<double>() > 0);
  CHECK(line.at("energy_score_hu").get<double>() > 0);
  CHECK(line.at("objectives").at("ssim").at("used") == true);
}
