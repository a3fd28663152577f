#include "train/paired_method.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>

#include "engine/training.hpp"
#include "generator_fixture.hpp"
#include "io/json.hpp"
#include "io/sidecar.hpp"
#include "io_fixture.hpp"
#include "nn/encoder.hpp"
#include "nn/encoder_network.hpp"
#include "nn/noise.hpp"
#include "nn/tensor_io.hpp"
#include "rmsprop.hpp"

using namespace gdm;
using namespace gdm::train;
using torch::Tensor;

namespace {

constexpr double target_spread = 0.4;

PairedMethod method_of(const engine::TrainOptions& options, const nn::Generator& network,
                       const nn::GeneratorConfig& config, std::int64_t draws) {
  Provenance provenance("test", {});
  const auto objectives = std::make_shared<Objectives>(options, 1, config.hu_map, 2.0, torch::kCPU, provenance);
  return {network, config, objectives, 1, draws, torch::kCPU, false};
}

PairedMethod by_fidelity_alone(const nn::Generator& network, const nn::GeneratorConfig& config, std::int64_t draws) {
  engine::TrainOptions options;
  options.objective = engine::Objective::regression;
  return method_of(options, network, config, draws);
}

/// A network for patches of one value that its condition alone decides.
nn::GeneratorConfig value_config() {
  nn::GeneratorConfig config = gdm_test::small_generator_config({12});
  config.residual_on_first = false;
  config.patch = 4;
  return config;
}

/// Patches of one value each: `targets` of `conditions`, (16, 1, 1, 1, 1) both.
data::Batch batch_of_values(const Tensor& conditions, const Tensor& targets) {
  data::Batch batch;
  batch.mask = batch.host_mask = torch::ones({16, 1, 4, 4, 4}, torch::kUInt8);
  batch.conditions = conditions.expand({-1, 1, 4, 4, 4}).contiguous();
  batch.target = targets.expand({-1, 1, 4, 4, 4}).contiguous();
  return batch;
}

/// Writes an encoder whose only feature is |x|, so that it does not tell a value from its opposite.
void write_modulus_encoder(const std::filesystem::path& path) {
  const Json encoder{{"architecture", "layers"}, {"input", nn::InputConvention().json()}, {"layers", parse_json(R"([
    {"type": "conv", "weights": "both", "channels": 2, "kernel": 1, "bias": false},
    {"type": "activation", "kind": "relu"},
    {"type": "conv", "weights": "sum", "channels": 1, "kernel": 1, "bias": false},
    {"type": "tap", "name": "modulus"}])")}};
  const auto network = nn::make_encoder_network(encoder);
  const torch::NoGradGuard no_grad;
  for (auto& item : nn::named_state(*network)) {
    item.second.copy_(item.second.size(0) == 2 ? torch::tensor({1.0, -1.0}).reshape_as(item.second)
                                               : torch::ones_like(item.second));
  }
  nn::write_encoder(path, *network, {{"encoder", encoder}}, Overwrite::refuse);
}

/// Patches of one value, normal about 0, under a condition that says nothing: what 500 steps of so many draws make of
/// them. Returns the means of 256 draws.
Tensor learnt_draws(std::int64_t draws) {
  torch::manual_seed(6);
  nn::GeneratorConfig config = value_config();
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
  const nn::GeneratorConfig config = value_config();
  nn::Generator network(config);
  PairedMethod method = by_fidelity_alone(network, config, 1);
  gdm_test::train_briefly(*network, [&](std::int64_t step) {
    const Tensor condition = torch::sign(torch::randn({16, 1, 1, 1, 1}));
    const Tensor likelier = torch::where(torch::rand({16, 1, 1, 1, 1}) < 0.75, 0.5, -0.5);
    method.add_gradients(batch_of_values(condition, condition / 3 + likelier), {step, step, 1});
  });
  const torch::NoGradGuard no_grad;
  for (const double condition : {-1.0, 1.0}) {
    const double made = network(torch::full({1, 1, 4, 4, 4}, condition)).mean().item<double>();
    CHECK(std::abs(made - (condition / 3 + 0.5)) < 0.1);  // the mean of both lies .25 below
  }
}

TEST_CASE("features that two modes share make one of them in full, where L1 alone makes what lies between") {
  // Under its condition a target is a, -a (four tenths each) or 0: L1 is least at 0, the median; that of |x| at a and
  // at -a, between which each voxel chooses.
  const gdm_test::TemporaryFolder folder;
  write_modulus_encoder(folder / "modulus.safetensors");
  for (const double share : {0.0, 2.0}) {
    engine::TrainOptions options;
    options.objective = share > 0 ? engine::Objective::perceptual : engine::Objective::regression;
    options.encoders = {folder / "modulus.safetensors"};
    options.perceptual = share;
    options.patch = 4;
    options.steps = 500;
    options.drift_start = 0;
    torch::manual_seed(6);
    const nn::GeneratorConfig config = value_config();
    nn::Generator network(config);
    PairedMethod method = method_of(options, network, config, 1);
    const auto amplitude = [](const Tensor& condition) { return 0.5 + 0.2 * condition; };
    gdm_test::train_briefly(*network, [&](std::int64_t step) {
      const Tensor condition = torch::sign(torch::randn({16, 1, 1, 1, 1})), odds = torch::rand({16, 1, 1, 1, 1});
      const Tensor sign = torch::where(odds < 0.4, 1.0, 0.0) - torch::where(odds > 0.6, 1.0, 0.0);
      method.add_gradients(batch_of_values(condition, sign * amplitude(condition)), {step, step, 1});
    });
    const torch::NoGradGuard no_grad;
    for (const double condition : {-1.0, 1.0}) {
      const Tensor given = torch::full({1, 1, 4, 4, 4}, condition);
      const double made = network(given).abs().mean().item<double>();
      const double wanted = share > 0 ? amplitude(given).mean().item<double>() : 0.0;
      CHECK(std::abs(made - wanted) < 0.03);
    }
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
