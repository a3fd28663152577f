#include "objective/adversarial_objective.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "nn/host.hpp"
#include "nn/step_generator.hpp"

using namespace gdm;
using engine::AdversarialLoss;
using torch::Tensor;

namespace {

/// Patches of noise: the real ones finer grained than the generated ones.
objective::OutputPatch grained_patches(std::int64_t number) {
  torch::manual_seed(static_cast<std::uint64_t>(number) + 10);
  objective::OutputPatch patch;
  const Tensor coarse = torch::randn({2, 1, 6, 6, 6});
  patch.predicted = torch::upsample_nearest3d(coarse, {24, 24, 24}).detach().requires_grad_(true);
  patch.target = torch::randn({2, 1, 24, 24, 24});
  patch.mask = torch::ones({2, 1, 24, 24, 24}, torch::kUInt8);
  patch.host_mask = patch.mask;
  patch.batch = number;
  patch.conditions = torch::zeros({2, 1, 24, 24, 24});
  return patch;
}

}  // namespace

TEST_CASE("adversarial losses in closed form") {
  const Tensor real = torch::tensor({1.0, 0.0}), generated = torch::tensor({0.5, -2.0});
  CHECK(objective::discriminator_loss(real, generated, AdversarialLoss::least_squares).item<double>() ==
        doctest::Approx(0.5 * (0.5 + 2.125)));
  CHECK(objective::generator_loss(generated, AdversarialLoss::least_squares).item<double>() ==
        doctest::Approx(0.5 * (0.25 + 9)));
  CHECK(objective::discriminator_loss(real, generated, AdversarialLoss::hinge).item<double>() ==
        doctest::Approx(0.5 * (0.5 + 0.75)));
  CHECK(objective::generator_loss(generated, AdversarialLoss::hinge).item<double>() == doctest::Approx(0.75));
}

TEST_CASE("the penalty on the discriminator's gradient has the gradient of finite differences") {
  torch::manual_seed(2);
  nn::PatchDiscriminator network(1, 4);
  network->to(torch::kFloat64);
  const Tensor real = torch::randn({2, 1, 24, 24, 24}, torch::kFloat64).requires_grad_(true);
  const double gamma = 3;
  const auto penalty = [&] { return objective::r1_penalty(network(real), real, gamma); };
  // The penalty itself: half gamma times the mean squared norm of the gradient at each patch.
  const Tensor slope = torch::autograd::grad({network(real).sum()}, {real})[0];
  CHECK(penalty().item<double>() == doctest::Approx(0.5 * gamma * slope.square().sum().item<double>() / 2));
  Tensor weight = network->convolutions[1]->weight;
  const Tensor gradient = torch::autograd::grad({penalty()}, {weight})[0];
  const torch::AutoGradMode with_grad(true);
  for (const std::int64_t place : {0, 17, 300}) {
    const double step = 1e-5;
    double ends[2];
    for (const int side : {0, 1}) {
      {
        const torch::NoGradGuard no_grad;
        weight.view({-1})[place] += side == 0 ? -step : 2 * step;
      }
      ends[side] = penalty().item<double>();
    }
    const torch::NoGradGuard no_grad;
    weight.view({-1})[place] -= step;
    const double expected = (ends[1] - ends[0]) / (2 * step);
    CHECK(gradient.reshape({-1})[place].item<double>() == doctest::Approx(expected).epsilon(1e-4).scale(0));
  }
}

TEST_CASE("a discriminator learns to tell two kinds of patches, and its gradient leads from one to the other") {
  torch::manual_seed(1);
  for (const AdversarialLoss loss : {AdversarialLoss::least_squares, AdversarialLoss::hinge}) {
    objective::AdversarialObjective objective(1, {0.1, loss, 0.01, 2e-3, 6}, torch::kCPU);
    Json last;
    for (std::int64_t number = 0; number < 60; ++number) {
      auto patch = grained_patches(number);
      at::Generator generator = nn::step_generator(1, number);
      auto given = objective.gradients(patch, generator);
      REQUIRE(given.size() == 1);
      CHECK(given[0].share == doctest::Approx(0.1));
      CHECK(given[0].gradient.sizes() == patch.predicted.sizes());
      last = given[0].log.finished();
      objective.settle();
    }
    CHECK(last.at("score_real").get<double>() > last.at("score_generated").get<double>() + 0.5);
    auto patch = grained_patches(100);
    at::Generator generator = nn::step_generator(1, 100);
    const auto before = objective.gradients(patch, generator);
    auto moved = grained_patches(100);
    const Tensor gradient = before[0].gradient;
    moved.predicted = (moved.predicted - gradient * (0.5 / gradient.abs().max())).detach().requires_grad_(true);
    const auto after = objective.gradients(moved, generator);
    CHECK(after[0].log.finished().at("loss").get<double>() < before[0].log.finished().at("loss").get<double>());
  }
}

TEST_CASE("a discriminator leads patches from the mean of a target to its two modes") {
  // A target is a grain or its negative with equal odds; what is generated begins near 0, its mean, with either sign.
  torch::manual_seed(8);
  const Tensor grain = torch::randn({1, 1, 24, 24, 24});
  const auto strength = [&](const Tensor& patches) {
    return (patches * grain).sum({1, 2, 3, 4}) / grain.square().sum();
  };
  objective::AdversarialObjective objective(1, {0.1, AdversarialLoss::least_squares, 0.1, 2e-3, 6}, torch::kCPU);
  Tensor own = torch::linspace(-0.3, 0.3, 8).view({-1, 1, 1, 1, 1}), sum = torch::zeros_like(own);
  for (std::int64_t number = 0; number < 120; ++number) {
    auto patch = grained_patches(number);
    patch.predicted = (own * grain).detach().requires_grad_(true);
    patch.target = torch::sign(torch::randn({8, 1, 1, 1, 1})) * grain;
    patch.host_mask = patch.mask = torch::ones({8, 1, 24, 24, 24}, torch::kUInt8);
    patch.conditions = torch::zeros_like(patch.target);
    at::Generator generator = nn::step_generator(1, number);
    const Tensor gradient = objective.gradients(patch, generator)[0].gradient;
    objective.settle();
    own = own - 0.05 * torch::tanh(strength(gradient).view_as(own) / strength(gradient).abs().mean());
    if (number >= 60) sum += own / 60;
  }
  // The two play round the modes, -1 and 1, and do not come to rest: it is the mean over time that lies there. With
  // other seeds three to five of the patches come to each side, and the median is .99 to 1.31.
  const std::int64_t below = (sum < 0).sum().item<std::int64_t>();
  CHECK(below >= 2);
  CHECK(below <= 6);
  CHECK(std::abs(sum.abs().flatten().median().item<double>() - 1) < 0.5);
}

TEST_CASE("a resumed discriminator goes on as one that was never stopped") {
  torch::manual_seed(1);
  const auto path = std::filesystem::temp_directory_path() / "gdm-adversarial-test.safetensors";
  const objective::AdversarialOptions options{0.1, AdversarialLoss::least_squares, 0, 1e-3, 6};
  objective::AdversarialObjective first(1, options, torch::kCPU), second(1, options, torch::kCPU);
  const auto step = [](objective::AdversarialObjective& objective, std::int64_t number) {
    auto patch = grained_patches(number);
    at::Generator generator = nn::step_generator(1, number);
    const Tensor gradient = objective.gradients(patch, generator)[0].gradient;
    objective.settle();
    return gradient;
  };
  for (std::int64_t number = 0; number < 3; ++number) step(first, number);
  nn::TensorWriter writer;
  Json json;
  first.save(writer, "always0.", json);
  writer.write(path, {{"kind", "test"}}, Overwrite::replace);
  second.load(SafetensorsFile(path), "always0.", json);
  for (std::int64_t number = 3; number < 5; ++number) CHECK(torch::equal(step(first, number), step(second, number)));
  std::filesystem::remove(path);
}

TEST_CASE("a discriminator in bf16 gives nearly the same gradient, and one with a penalty computes in fp32") {
  const auto given = [](bool bfloat16, double r1) {
    torch::manual_seed(3);
    objective::AdversarialObjective objective(1, {0.1, AdversarialLoss::least_squares, r1, 2e-3, 6, bfloat16},
                                              torch::kCPU);
    auto patch = grained_patches(1);
    at::Generator generator = nn::step_generator(1, 1);
    auto gradients = objective.gradients(patch, generator);
    objective.settle();
    return std::pair<Tensor, double>(gradients[0].gradient,
                                     gradients[0].log.finished().at("discriminator_loss").get<double>());
  };
  const auto [exact, loss] = given(false, 0);
  const auto [rounded, rounded_loss] = given(true, 0);
  CHECK((rounded.scalar_type() == torch::kFloat32));
  const double difference = ((rounded - exact).norm() / exact.norm()).item<double>();
  CHECK(difference > 1e-5);  // it is another arithmetic
  CHECK(difference < 0.1);
  CHECK(rounded_loss == doctest::Approx(loss).epsilon(0.02));
  CHECK(torch::equal(given(true, 1).first, given(false, 1).first));
}
