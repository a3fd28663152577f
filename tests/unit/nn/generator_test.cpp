// Size, reach and noise of the generator: what is computed from its description against the network that is built.
#include <doctest/doctest.h>
#include <torch/library.h>

#include "engine/training.hpp"
#include "io_fixture.hpp"
#include "model/generator_shape.hpp"
#include "model/generator_text.hpp"
#include "nn/compat.hpp"
#include "nn/generator.hpp"
#include "nn/tensor_io.hpp"

using namespace gdm;
using gdm_test::contains;
using gdm_test::error_of;
using torch::Tensor;

namespace {

/// group_norm() without normalisation: of its six arguments the first is the result.
void unchanged(const c10::OperatorHandle&, torch::jit::Stack* arguments) {
  torch::jit::drop(*arguments, 5);
}

nn::GeneratorConfig config_of(const std::vector<std::int64_t>& widths, std::int64_t blocks, std::int64_t noise = 0) {
  nn::GeneratorConfig config;
  config.task = "sparse-ct";
  config.conditions = {{"fbp", "hu"}};
  config.residual_on_first = true;
  config.widths = widths;
  config.blocks = blocks;
  config.noise_channels = noise;
  config.patch = 16;
  return config;
}

void write_generator(const fs::path& path, const nn::Generator& network, const Json& generator) {
  nn::TensorWriter writer;
  writer.add("", nn::named_state(*network));
  writer.write(path, {{"kind", "generator"}, {"generator", generator}}, Overwrite::refuse);
}

/// Voxels along W that decide output voxel `at`: extent of the gradient without normalisation, which sees everything.
std::int64_t extent_seen(nn::Generator& network, std::int64_t length, std::int64_t at) {
  const c10::impl::IncludeDispatchKeyGuard without_normalisation(c10::DispatchKey::TESTING_ONLY_GenericMode);
  const Tensor x = (torch::rand({1, 1, 16, 16, length}, torch::kFloat64) - 0.5).requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({network(x)[0][0][8][8][at]}, {x})[0];
  const Tensor seen = gradient.abs().sum({0, 1, 2, 3}).nonzero().flatten();
  REQUIRE(seen.min().item<std::int64_t>() > 0);
  REQUIRE(seen.max().item<std::int64_t>() < length - 1);
  return seen.max().item<std::int64_t>() - seen.min().item<std::int64_t>() + 1;
}

}  // namespace

TORCH_LIBRARY_IMPL(_, TESTING_ONLY_GenericMode, library) {
  library.fallback(torch::CppFunction::makeFallthrough());
}
TORCH_LIBRARY_IMPL(aten, TESTING_ONLY_GenericMode, library) {
  library.impl("group_norm", torch::CppFunction::makeFromBoxedFunction<&unchanged>());
}

TEST_CASE("generator: in bf16 the layer that makes the image is fp32, and what it sees is not") {
  torch::manual_seed(1);
  nn::GeneratorConfig config = config_of({8, 16}, 1);
  config.residual_on_first = false;
  nn::Generator network(config);
  const c10::InferenceMode inference;
  const Tensor x = torch::rand({2, 1, 16, 16, 16}), plain = network(x);
  const nn::Bfloat16Guard guard(torch::Device(torch::kCPU), true);
  const Tensor rounded = network(x);
  CHECK((rounded.scalar_type() == torch::kFloat32));
  CHECK(!rounded.to(torch::kBFloat16).to(torch::kFloat32).equal(rounded));
  CHECK(!rounded.equal(plain));
  CHECK((rounded - plain).abs().max().item<double>() < 0.02 * plain.abs().max().item<double>());
}

TEST_CASE("generator: the receptive field is what a gradient shows, for every depth") {
  CHECK(model::GeneratorShape{{8}, 1, 1}.receptive_field_voxels() == 2 * (2 * 6 + 1));  // head 1, two blocks 4, stem 1
  // Of voxel 0: -3..3, coarse -2..1, blocks -6..5, strided -13..11, block -15..13, stem.
  CHECK(model::GeneratorShape{{8, 8}, 1, 1}.receptive_field_voxels() == 2 * 31);
  torch::manual_seed(3);
  for (const auto& [widths, blocks] : std::vector<std::pair<std::vector<std::int64_t>, std::int64_t>>{
           {{2}, 1}, {{2}, 3}, {{2, 2}, 1}, {{2, 2}, 2}, {{2, 2, 2}, 1}, {{2, 2, 2}, 2}}) {
    CAPTURE(widths.size());
    CAPTURE(blocks);
    nn::Generator network(config_of(widths, blocks));
    network->to(torch::kFloat64);
    std::int64_t largest = 0;
    for (std::int64_t at = 160; at < 160 + (2 << widths.size()); ++at) {
      largest = std::max(largest, extent_seen(network, 320, at));
    }
    CHECK(largest == model::GeneratorShape{widths, blocks, 1}.receptive_field_voxels());
  }
}

TEST_CASE("generator: parameters and cost from the description are those of the network") {
  for (const auto& config : {config_of({8, 16}, 1), config_of({4, 8, 12}, 3, 2), config_of({32, 64, 128}, 1)}) {
    nn::Generator network(config);
    std::int64_t parameters = 0;
    double products = 0;
    for (const auto& item : network->named_parameters()) {
      parameters += item.value().numel();
      if (item.value().dim() != 5) continue;
      // A convolution runs at the resolution of the level it makes; "reduce" on the way up at that it reads.
      const std::string& name = item.key();
      std::int64_t level = 0;
      const auto digit = name.find_first_of("0123456789");
      if (name.rfind("down.", 0) == 0 || name.rfind("up.", 0) == 0) level = name[digit] - '0';
      if (name.rfind("up.reduce", 0) == 0) ++level;
      const double edge = 48.0 / static_cast<double>(2 << level);
      products += edge * edge * edge * static_cast<double>(item.value().numel());
    }
    const model::GeneratorShape shape = model::generator_shape(config.json());
    CHECK(shape.parameters() == parameters);
    CHECK(shape.gflop(48) == doctest::Approx(2e-9 * products).epsilon(1e-12));
  }
}

TEST_CASE("generator: the default is the preset base, and presets are networks that can be built") {
  const engine::TrainOptions options;
  const model::GeneratorPreset& base = model::generator_preset("base");
  CHECK(options.widths == base.widths);
  CHECK(options.blocks == base.blocks);
  CHECK(options.patch == base.patch);
  CHECK(options.batch == base.batch);
  std::int64_t before = 0;
  for (const model::GeneratorPreset& preset : model::generator_presets()) {
    const nn::GeneratorConfig config = config_of(preset.widths, preset.blocks);
    CHECK(preset.patch % config.size_multiple() == 0);
    const std::int64_t parameters = model::generator_shape(config.json()).parameters();
    CHECK(parameters > before);
    before = parameters;
  }
  CHECK(contains(error_of([] { model::generator_preset("huge"); }), "huge"));
}

TEST_CASE("generator: a file from before blocks and noise is the network it was") {
  const gdm_test::TemporaryFolder folder;
  torch::manual_seed(2);
  nn::Generator network(config_of({8, 16}, 1));
  const std::vector<std::string> names{"down.blocks0.0.conv1.weight", "down.blocks1.1.conv2.bias",
                                       "up.block0.norm2.weight"};
  for (const std::string& name : names) CHECK(network->named_parameters().contains(name));
  Json old = config_of({8, 16}, 1).json();
  old.erase("blocks");
  old.erase("noise_channels");
  write_generator(folder / "old.safetensors", network, old);
  nn::LoadedGenerator loaded = nn::load_generator(folder / "old.safetensors", torch::kCPU);
  const torch::NoGradGuard no_grad;
  const Tensor x = torch::rand({1, 1, 16, 16, 16}) - 0.5;
  CHECK(torch::equal(loaded.network(x), network(x)));
  CHECK(loaded.config.json() == config_of({8, 16}, 1).json());
  const std::string text = model::generator_text(model::generator_info(SafetensorsFile(folder / "old.safetensors")));
  CHECK(contains(text, "1 residual block a level"));
  CHECK(contains(text, "receptive      62 voxels"));
  CHECK(contains(text, "noise          none"));
  CHECK(contains(text, "parameters     " +
                           std::to_string(model::generator_shape(config_of({8, 16}, 1).json()).parameters()) + "\n"));
}

TEST_CASE("generator: a description says how patches lie, and one that lies otherwise is refused") {
  Json json = config_of({8}, 1).json();
  CHECK(json.at("orientation") == "RAS");
  CHECK(nn::GeneratorConfig::from_json(json).json() == json);
  json["orientation"] = "LPS";
  CHECK_THROWS_WITH_AS(nn::GeneratorConfig::from_json(json), "its patches lie LPS, and volumes are turned to RAS here",
                       Error);
  json.erase("orientation");  // files from before it was told
  CHECK(nn::GeneratorConfig::from_json(json).json().at("orientation") == "RAS");
}

TEST_CASE("generator: deeper networks come back from their file, and too many tensors are refused") {
  const gdm_test::TemporaryFolder folder;
  torch::manual_seed(2);
  nn::Generator network(config_of({8, 16}, 2, 1));
  write_generator(folder / "deep.safetensors", network, config_of({8, 16}, 2, 1).json());
  nn::LoadedGenerator loaded = nn::load_generator(folder / "deep.safetensors", torch::kCPU);
  const torch::NoGradGuard no_grad;
  const Tensor x = torch::rand({1, 2, 16, 16, 16}) - 0.5;
  CHECK(torch::equal(loaded.network(x), network(x)));
  write_generator(folder / "less.safetensors", network, config_of({8, 16}, 1, 1).json());
  CHECK(contains(error_of([&] { nn::load_generator(folder / "less.safetensors", torch::kCPU); }), "tensors"));
  Json wrong = config_of({8, 16}, 2, 1).json();
  wrong["blocks"] = 1000000;
  write_generator(folder / "wrong.safetensors", network, wrong);
  CHECK(contains(error_of([&] { nn::load_generator(folder / "wrong.safetensors", torch::kCPU); }), "blocks"));
  CHECK(
      contains(error_of([&] { model::generator_info(SafetensorsFile(folder / "wrong.safetensors")); }), "impossible"));
}
