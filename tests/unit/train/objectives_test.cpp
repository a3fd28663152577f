// The objectives of a training: shares over the steps, one log line for several batches, bf16.
#include <doctest/doctest.h>

#include "engine/training.hpp"
#include "io/json.hpp"
#include "nn/compat.hpp"
#include "nn/generator.hpp"
#include "train/log_mean.hpp"
#include "train/objectives.hpp"

using namespace gdm;
using namespace gdm::train;

namespace {

engine::TrainOptions ssim_alone() {
  engine::TrainOptions options;
  options.objective = engine::Objective::regression;
  options.ssim = 0.4;
  options.steps = 101;
  options.drift_start = 0;
  return options;
}

/// What the log says of SSIM at a step.
Json logged(const engine::TrainOptions& options, std::int64_t step) {
  Provenance provenance("test", {});
  Objectives objectives(options, 1, {}, 1.0, torch::Device(torch::kCPU), provenance);
  torch::manual_seed(2);
  const Tensor x = torch::rand({1, 1, 8, 8, 8}), y = torch::rand({1, 1, 8, 8, 8});
  Json line;
  objectives.coordinated(step, {x, y, torch::ones_like(x), step}, torch::rand_like(x), line);
  return line.value("objectives", Json::object()).value("ssim", Json());
}

}  // namespace

TEST_CASE("objectives: shares fade linearly from the start of the drift to the last step") {
  engine::TrainOptions options = ssim_alone();
  CHECK(logged(options, 100).at("share").get<double>() == doctest::Approx(0.4));
  options.share_end = 0.5;
  CHECK(logged(options, 100).at("share").get<double>() == doctest::Approx(0.2));
  CHECK(logged(options, 60).at("share").get<double>() == doctest::Approx(0.28));
  options.share_end = 2;
  CHECK(logged(options, 100).at("share").get<double>() == doctest::Approx(0.8));
  options.share_end = 0;
  CHECK(logged(options, 100).is_null());
  options.drift_start = 0.9;
  CHECK(logged(options, 80).is_null());
}

TEST_CASE("log: several batches make one line of means") {
  const Json a = parse_json(R"({"step": 3, "l1": 1.5, "o": {"x": {"n": 1.0, "used": true, "r": [1.0, 2.0]}}})");
  const Json b = parse_json(R"({"step": 3, "l1": 2.5, "o": {"y": {"n": 7.0}, "x": {"n": 2.0, "r": [3.0, 2.0]}}})");
  CHECK(mean_of({a}) == a);
  CHECK(
      mean_of({a, b}) ==
      parse_json(R"({"step": 3, "l1": 2.0, "o": {"x": {"n": 1.5, "used": true, "r": [2.0, 2.0]}, "y": {"n": 7.0}}})"));
}

TEST_CASE("bf16: the generator computes nearly the same, its weights and gradients stay fp32") {
  torch::manual_seed(5);
  nn::GeneratorConfig config;
  config.conditions = {{"fbp", "hu"}};
  config.widths = {8, 16};
  nn::Generator network(config);
  const Tensor x = torch::rand({2, 1, 16, 16, 16}) * 2 - 1;
  const auto run = [&](bool bf16) {
    network->zero_grad();
    Tensor out;
    {
      const nn::Bfloat16Guard guard(torch::Device(torch::kCPU), bf16);
      out = network(x);
    }
    out.to(torch::kFloat32).square().mean().backward();
    return std::pair(out.detach().to(torch::kFloat32), network->stem->weight.grad().clone());
  };
  const auto [plain, plain_gradient] = run(false);
  const auto [half, half_gradient] = run(true);
  CHECK_FALSE(torch::equal(plain, half));
  CHECK((plain - half).norm().item<double>() < 0.02 * plain.norm().item<double>());
  CHECK((plain_gradient - half_gradient).norm().item<double>() < 0.05 * plain_gradient.norm().item<double>());
  CHECK((network->stem->weight.scalar_type() == torch::kFloat32));
  CHECK((half_gradient.scalar_type() == torch::kFloat32));
  CHECK(torch::equal(run(false).first, plain));  // the guard leaves nothing behind
}
