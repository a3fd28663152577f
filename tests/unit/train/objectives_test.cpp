// The objectives of a training: shares over the steps, one log line for several batches, bf16.
#include <doctest/doctest.h>

#include <ATen/record_function.h>

#include <limits>
#include <memory>
#include <string>

#include "bank_fixture.hpp"
#include "engine/training.hpp"
#include "io/json.hpp"
#include "io_fixture.hpp"
#include "nn/compat.hpp"
#include "nn/generator.hpp"
#include "train/log_mean.hpp"
#include "train/objectives.hpp"
#include "train/paired_method.hpp"

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
  nn::LogLine line;
  objectives.coordinated(step, {x, y, torch::ones_like(x), torch::ones_like(x), step}, torch::rand_like(x), line);
  return line.finished().value("objectives", Json::object()).value("ssim", Json());
}

int values_read = 0;

/// On a GPU each of these waits until all that was asked of it before is done.
std::unique_ptr<at::ObserverContext> note_reading(const at::RecordFunction& function) {
  const std::string name = function.name();
  if (name == "aten::item" || name == "aten::_local_scalar_dense" || name == "aten::is_nonzero") ++values_read;
  return nullptr;
}

/// Values that one step reads of tensors, on the second batch, when nothing is new to it any more.
int values_read_in_step(engine::Coordination coordination, const std::filesystem::path& bank, std::int64_t draws = 1) {
  engine::TrainOptions options;
  options.objective = engine::Objective::gdm;
  options.coordination = coordination;
  options.banks = {bank};
  options.patch = 24;
  options.steps = 10;
  options.drift_start = 0;
  options.drift = options.perceptual = options.ssim = options.gradient_l1 = 0.2;
  const torch::Device cpu(torch::kCPU);
  nn::GeneratorConfig config;
  config.conditions = {{"fbp", "hu"}};
  config.widths = {8, 16};
  config.noise_channels = draws - 1;
  Provenance provenance("test", {});
  PairedMethod method(nn::Generator(config), config,
                      std::make_unique<Objectives>(options, 1, config.hu_map, 2.0, cpu, provenance), 1, draws, cpu,
                      false);
  torch::manual_seed(3);
  data::Batch batch;
  batch.conditions = torch::rand({2, 1, 24, 24, 24}) * 2 - 1;
  batch.target = torch::rand({2, 1, 24, 24, 24}) * 2 - 1;
  batch.mask = torch::ones({2, 1, 24, 24, 24}, torch::kUInt8);
  batch.mask.slice(2, 0, 9).zero_();
  batch.host_mask = batch.mask;
  method.add_gradients(batch, {8, 8, 1});
  method.after_step(true);
  const auto handle =
      at::addGlobalCallback(at::RecordFunctionCallback(note_reading).scopes({at::RecordScope::FUNCTION}));
  values_read = 0;
  const nn::LogLine line = method.add_gradients(batch, {9, 9, 1});
  const int in_step = values_read;
  at::removeCallback(handle);
  const Json objectives = line.finished().at("objectives");
  for (const char* name : {"ssim", "gradient_l1", "perceptual.1", "drift.1"}) {
    CHECK(objectives.at(name).at("used") == true);
    CHECK(objectives.at(name).at("loss").get<double>() > 0);
  }
  CHECK(objectives.at("drift.1").at("raw_force_rms").at("local").size() == options.temperatures.size());
  return in_step;
}

}  // namespace

TEST_CASE("step: no value is read within it, so that no GPU is waited for") {
  const gdm_test::TemporaryFolder folder;
  const auto bank = folder / "bank.safetensors";
  torch::manual_seed(1);
  gdm_test::write_view_bank(bank, 16, 24);
  CHECK(values_read_in_step(engine::Coordination::norm_pcgrad, bank) == 0);
  CHECK(values_read_in_step(engine::Coordination::norm_pcgrad, bank, 2) == 0);
  CHECK(values_read_in_step(engine::Coordination::fixed, bank) == 0);
  CHECK(values_read_in_step(engine::Coordination::mgda, bank) > 0);  // its weights are sought on the host
}

TEST_CASE("log line: numbers that are still computed keep their places, all kinds of them") {
  nn::LogLine part;
  part.set("/loss", torch::tensor(1.5F));
  part.set("/rms/0", torch::tensor(0.25, torch::kFloat64));
  part.set("/rms/1", torch::tensor(4));
  part.set_if_any("/bad", torch::tensor(0));
  part.set_if_any("/worse", torch::tensor(2));
  nn::LogLine line;
  line.set("/step", Json(3));
  line.set("/objectives/drift.1", part);
  line.set("/objectives/drift.1/used", torch::tensor(true));
  line.set("/last", torch::tensor(std::numeric_limits<float>::quiet_NaN()));
  CHECK(line.finished().dump() ==
        R"({"step":3,"objectives":{"drift.1":{"loss":1.5,"rms":[0.25,4.0],"worse":2,"used":true}},"last":null})");
}

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
  // Processors without AVX-512 add up in bf16: .044 and .059 there, half as much with it.
  constexpr double most = 0.1;
  CHECK((plain - half).norm().item<double>() < most * plain.norm().item<double>());
  CHECK((plain_gradient - half_gradient).norm().item<double>() < most * plain_gradient.norm().item<double>());
  CHECK((network->stem->weight.scalar_type() == torch::kFloat32));
  CHECK((half_gradient.scalar_type() == torch::kFloat32));
  CHECK(torch::equal(run(false).first, plain));  // the guard leaves nothing behind
}
