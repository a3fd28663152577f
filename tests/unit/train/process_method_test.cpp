#include "train/process_method.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "generator_fixture.hpp"
#include "rmsprop.hpp"
#include "synth/process_sampler.hpp"

using namespace gdm;
using namespace gdm::train;
using torch::Tensor;

TEST_CASE("times of batches lie one in each part of [0, 1], and fill it evenly") {
  Tensor all = torch::zeros({400});
  for (std::int64_t number = 0; number < 100; ++number) {
    const Tensor times = stratified_times(4, 7, number);
    for (std::int64_t n = 0; n < 4; ++n) {
      const float time = times[n].item<float>();
      CHECK(time >= 0.25F * static_cast<float>(n));
      CHECK(time < 0.25F * static_cast<float>(n + 1));
      all[4 * number + n] = time;
    }
  }
  const Tensor counts = torch::histc(all, 20, 0, 1);
  CHECK(counts.min().item<float>() >= 18);
  CHECK(counts.max().item<float>() <= 22);
  CHECK(torch::equal(stratified_times(4, 7, 3), stratified_times(4, 7, 3)));
  CHECK_FALSE(torch::equal(stratified_times(4, 7, 3), stratified_times(4, 8, 3)));
}

TEST_CASE("the spread about a source is that of the patients, and of the target where there is no source") {
  data::Batch batch;
  batch.conditions = torch::full({1, 1, 4, 4, 4}, 0.3F);
  batch.target = torch::full({1, 1, 4, 4, 4}, 0.5F);
  batch.mask = torch::ones({1, 1, 4, 4, 4}, torch::kUInt8);
  data::Batch other = batch;
  other.target = torch::full({1, 1, 4, 4, 4}, 0.7F);
  nn::Generator none{nullptr};
  model::Process process;
  CHECK(spread_about_source(process, none, {batch, other}) == doctest::Approx(std::sqrt((0.25 + 0.49) / 2)));
  process.source = model::ProcessSource::input;
  CHECK(spread_about_source(process, none, {batch, other}) == doctest::Approx(std::sqrt((0.04 + 0.16) / 2)));
}

TEST_CASE("a process's loss is 0 for a network that makes what is to be learnt, and its gradients add up by parts") {
  torch::manual_seed(3);
  nn::GeneratorConfig config = gdm_test::small_generator_config({8});
  config.residual_on_first = false;
  config.process.emplace();
  config.process->kind = model::ProcessKind::bridge;
  config.process->source = model::ProcessSource::input;
  config.process->bridge_is_ode = true;
  nn::Generator network(config);
  data::Batch batch;
  batch.conditions = torch::rand({2, 1, 16, 16, 16});
  batch.target = batch.conditions.clone();  // then nothing is to be learnt: target and source are one
  batch.mask = torch::ones({2, 1, 16, 16, 16}, torch::kUInt8);
  {
    const torch::NoGradGuard no_grad;
    network->head->weight.zero_();
    network->head->bias.zero_();
  }
  ProcessMethod method(network, nullptr, config, 1, torch::kCPU, false);
  const Json line = method.add_gradients(batch, {0, 0, 1}).finished();
  CHECK(line.at("process_loss").get<double>() == doctest::Approx(0).epsilon(1e-9));
  CHECK(line.at("l1_hu").get<double>() < 1e-3);
  batch.target = batch.conditions + 0.5;
  const auto gradient = [&](std::int64_t in_step) {
    if (network->head->bias.grad().defined()) network->head->bias.mutable_grad().reset();
    method.add_gradients(batch, {0, 0, in_step});
    return network->head->bias.grad().clone();
  };
  const Tensor whole = gradient(1);
  CHECK(whole.abs().max().item<double>() > 0);
  CHECK(torch::allclose(gradient(4) * 4, whole));
}

TEST_CASE("a flow that is trained tells two modes apart where a regression gives their mean") {
  // Patches of one value, 0.5 below or above a third of their condition with equal odds.
  torch::manual_seed(6);
  nn::GeneratorConfig config = gdm_test::small_generator_config({12});
  config.residual_on_first = false;
  config.patch = 4;
  config.process.emplace();
  nn::Generator network(config);
  ProcessMethod method(network, nullptr, config, 1, torch::kCPU, false);
  const std::int64_t batch_size = 16;
  data::Batch batch;
  batch.mask = torch::ones({batch_size, 1, 4, 4, 4}, torch::kUInt8);
  const auto signs = [](std::int64_t count) { return torch::sign(torch::randn({count, 1, 1, 1, 1})); };
  gdm_test::train_briefly(*network, [&](std::int64_t step) {
    const Tensor condition = signs(batch_size);
    batch.conditions = condition.expand({-1, 1, 4, 4, 4}).contiguous();
    batch.target = (condition / 3 + 0.5 * signs(batch_size)).expand({-1, 1, 4, 4, 4}).contiguous();
    method.add_gradients(batch, {step, step, 1});
  });
  const torch::NoGradGuard no_grad;
  const auto sampler = synth::make_sampler(config, network, nullptr, {20, model::Solver::euler});
  for (const double condition : {-1.0, 1.0}) {
    const Tensor draws =
        sampler->sample(torch::cat({torch::full({256, 1, 4, 4, 4}, condition), torch::randn({256, 1, 4, 4, 4})}, 1));
    const Tensor away = draws.mean({1, 2, 3, 4}) - condition / 3;
    // A Gaussian of the same mean and deviation has .39 of its draws there, a regression none.
    CHECK(((away.abs() - 0.5).abs() < 0.2).to(torch::kFloat32).mean().item<double>() > 0.55);
    const double above = (away > 0).to(torch::kFloat32).mean().item<double>();
    CHECK(above > 0.25);
    CHECK(above < 0.75);
  }
}
