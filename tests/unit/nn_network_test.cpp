// Generator, encoder and their files.
#include <doctest/doctest.h>

#include "io_fixture.hpp"
#include "nn/encoder.hpp"
#include "nn/generator.hpp"
#include "nn/tensor_io.hpp"
#include "nn/windows.hpp"

using namespace gdm;
using torch::Tensor;

TEST_CASE("space to depth and back is the identity, and keeps neighbours together") {
  const Tensor x = torch::arange(2 * 3 * 4 * 6 * 8).to(torch::kFloat32).view({2, 3, 4, 6, 8});
  const Tensor deep = nn::space_to_depth(x);
  CHECK(deep.sizes() == torch::IntArrayRef({2, 24, 2, 3, 4}));
  CHECK(torch::equal(nn::depth_to_space(deep), x));
  CHECK(deep[0][1][0][0][0].item<float>() == x[0][0][0][0][1].item<float>());
}

TEST_CASE("generator: a sparse-view network starts near its FBP, and a file gives the same network back") {
  torch::manual_seed(1);
  nn::GeneratorConfig config;
  config.task = "sparse-ct";
  config.conditions = {{"fbp", "hu"}};
  config.residual_on_first = true;
  config.widths = {8, 16};
  config.window = 16;
  nn::Generator network(config);
  const torch::NoGradGuard no_grad;
  const Tensor x = torch::rand({1, 1, 16, 16, 16}) * 2 - 1;
  const Tensor y = network(x);
  CHECK(y.sizes() == x.sizes());
  CHECK((y - x).abs().mean().item<double>() < 0.5);
  CHECK((y - x).abs().max().item<double>() > 0);

  const gdm_test::TemporaryFolder folder;
  const auto path = folder / "model.safetensors";
  nn::TensorWriter writer;
  writer.add("", nn::named_state(*network));
  writer.write(path, {{"kind", "generator"}, {"generator", config.json()}}, Overwrite::refuse);
  auto loaded = nn::load_generator(path, torch::Device(torch::kCPU));
  CHECK(loaded.config.condition_names() == std::vector<std::string>{"fbp"});
  CHECK(torch::equal(loaded.network(x), y));
  CHECK_THROWS_AS(nn::load_encoder(path, torch::Device(torch::kCPU)), Error);
}

TEST_CASE("generator: a file that lacks a tensor or holds another shape is refused") {
  nn::GeneratorConfig config;
  config.conditions = {{"mr", "percentile"}};
  config.widths = {8, 8};
  nn::Generator network(config);
  config.widths = {8, 16};
  const gdm_test::TemporaryFolder folder;
  nn::TensorWriter writer;
  writer.add("", nn::named_state(*network));
  writer.write(folder / "m.safetensors", {{"kind", "generator"}, {"generator", config.json()}}, Overwrite::refuse);
  CHECK_THROWS_AS(nn::load_generator(folder / "m.safetensors", torch::Device(torch::kCPU)), Error);
}

TEST_CASE("encoder: stages halve the size, both stems, no gradient to its weights but to its input") {
  for (const char* stem : {"space-to-depth", "conv"}) {
    nn::FrozenEncoder encoder;
    encoder.config.stem = stem;
    encoder.config.widths = {8, 8, 16};
    encoder.network = nn::Encoder(encoder.config);
    for (auto& parameter : encoder.network->parameters()) parameter.requires_grad_(false);
    const Tensor x = torch::zeros({1, 1, 24, 24, 24}).requires_grad_(true);
    const auto maps = encoder.features(x, nn::HuMap{});
    REQUIRE(maps.size() == 3);
    CHECK(maps[0].sizes() == torch::IntArrayRef({1, 8, 12, 12, 12}));
    CHECK(maps[2].sizes() == torch::IntArrayRef({1, 16, 3, 3, 3}));
    const Tensor gradient = torch::autograd::grad({maps[2].square().sum()}, {x})[0];
    CHECK(gradient.abs().max().item<double>() > 0);
  }
}

TEST_CASE("encoder: its HU convention is applied, whatever the units of the input") {
  nn::FrozenEncoder encoder;
  encoder.config.widths = {8, 8};
  encoder.config.hu_map = {-1000, 1000};
  encoder.network = nn::Encoder(encoder.config);
  const nn::HuMap other{-1024, 2000};
  const Tensor hu = torch::rand({1, 1, 8, 8, 8}) * 1500 - 800;
  const auto own = encoder.features(encoder.config.hu_map.to_unit(hu), encoder.config.hu_map);
  const auto converted = encoder.features(other.to_unit(hu), other);
  CHECK(torch::allclose(own[1], converted[1], 1e-3, 1e-4));
}

TEST_CASE("MR scaling: the 99.5 percentile becomes 1, whatever the scanner's units") {
  torch::manual_seed(2);
  const Tensor raw = torch::rand({8, 8, 8}) * 100;
  const Tensor one = nn::scale_condition(raw, {"mr", "percentile"}, {});
  const Tensor other = nn::scale_condition(raw * 37, {"mr", "percentile"}, {});
  CHECK(torch::allclose(one, other, 1e-4, 1e-5));
  CHECK(one.min().item<double>() >= -1);
  CHECK(one.max().item<double>() < 1.1);
  CHECK_THROWS_AS(nn::scale_condition(torch::zeros({4, 4, 4}), {"mr", "percentile"}, {}), Error);
}

TEST_CASE("windows: the volume's (i, j, k) is the tensor's [k][j][i]; beyond the border stands the fill") {
  Volume volume(Grid::centred({3, 4, 5}, {1, 1, 1}), 0.0F);
  volume.at(2, 1, 4) = 7;
  const Tensor tensor = nn::tensor_of(volume);
  CHECK(tensor[4][1][2].item<float>() == 7);
  const Tensor window = nn::cut_window(tensor.unsqueeze(0), {3, 0, 1}, 4, -1.0);
  CHECK(window[0][1][1][1].item<float>() == 7);
  CHECK(window[0][2][0][0].item<float>() == -1);
  CHECK(window[0][0][0][2].item<float>() == -1);
}
