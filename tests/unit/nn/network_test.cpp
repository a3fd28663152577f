// Generator, encoder and their files.
#include <doctest/doctest.h>

#include "engine/engine.hpp"
#include "generator_fixture.hpp"
#include "io_fixture.hpp"
#include "nn/generator.hpp"
#include "nn/residual_encoder.hpp"
#include "nn/tensor_io.hpp"
#include "nn/volume_tensors.hpp"
#include "sys/error.hpp"
#include "sys/version.hpp"

extern "C" const gdm::engine::Services* gdm_nn_functions(const char* door);

using namespace gdm;
using torch::Tensor;

namespace {

/// The same weights each time; widths 8, 8, 16.
nn::FrozenEncoder small_encoder(const Json& input, const std::string& stem = "space-to-depth") {
  torch::manual_seed(11);
  nn::ResidualEncoderConfig config;
  config.stem = stem;
  config.widths = {8, 8, 16};
  Json description = config.json();
  description["input"] = input;
  return nn::freeze(std::make_shared<nn::ResidualEncoder>(config), {{"encoder", description}},
                    torch::Device(torch::kCPU));
}

}  // namespace

TEST_CASE("space to depth and back is the identity, and keeps neighbours together") {
  const Tensor x = torch::arange(2 * 3 * 4 * 6 * 8).to(torch::kFloat32).view({2, 3, 4, 6, 8});
  const Tensor deep = nn::space_to_depth(x);
  CHECK(deep.sizes() == torch::IntArrayRef({2, 24, 2, 3, 4}));
  CHECK(torch::equal(nn::depth_to_space(deep), x));
  CHECK(deep[0][1][0][0][0].item<float>() == x[0][0][0][0][1].item<float>());
}

TEST_CASE("generator: a sparse-view network starts near its FBP, and a file gives the same network back") {
  torch::manual_seed(1);
  const nn::GeneratorConfig config = gdm_test::small_generator_config();
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
    const nn::FrozenEncoder encoder = small_encoder({{"scaling", "hu"}, {"hu_range", {-1024, 2000}}}, stem);
    const Tensor x = torch::zeros({1, 1, 24, 24, 24}).requires_grad_(true);
    const auto maps = encoder.features(x, nn::HuMap{});
    REQUIRE(maps.size() == 3);
    CHECK(maps[0].sizes() == torch::IntArrayRef({1, 8, 12, 12, 12}));
    CHECK(maps[2].sizes() == torch::IntArrayRef({1, 16, 3, 3, 3}));
    const Tensor gradient = torch::autograd::grad({maps[2].square().sum()}, {x})[0];
    CHECK(gradient.abs().max().item<double>() > 0);
  }
}

TEST_CASE("encoder: the first taps are the same without those behind them, which are not run") {
  const nn::FrozenEncoder encoder = small_encoder({{"scaling", "hu"}, {"hu_range", {-1024, 2000}}}, "conv");
  const Tensor x = torch::rand({2, 1, 16, 16, 16});
  const auto all = encoder.features(x, nn::HuMap{});
  const torch::NoGradGuard no_grad;
  for (const auto& item : encoder.network->named_parameters()) {
    if (item.key().find("blocks2") != std::string::npos) item.value().fill_(std::nan(""));
  }
  const auto some = encoder.features(x, nn::HuMap{}, 0.0, 2);
  REQUIRE(some.size() == 2);
  CHECK(torch::equal(some[0], all[0]));
  CHECK(torch::equal(some[1], all[1]));
  CHECK(encoder.features(x, nn::HuMap{})[2].isnan().any().item<bool>());
}

TEST_CASE("encoder: its HU convention is applied, whatever the units of the input") {
  const nn::FrozenEncoder encoder =
      small_encoder({{"scaling", "hu"}, {"hu_range", {-1000, 1000}}, {"units", {0.0, 1.0}}});
  const nn::HuMap other{-1024, 2000};
  const Tensor hu = torch::rand({1, 1, 8, 8, 8}) * 1500 - 800;
  const auto converted = encoder.features(other.to_unit(hu), other);
  CHECK(torch::allclose(converted[1], encoder.network->maps((hu + 1000) / 2000)[1], 1e-3, 1e-4));
  const auto clamped = encoder.features(other.to_unit(hu - 5000), other);
  CHECK(torch::allclose(clamped[0], encoder.network->maps(torch::zeros_like(hu))[0], 1e-3, 1e-4));
}

TEST_CASE("encoder: axes, voxel edges and statistics of its convention are applied") {
  torch::manual_seed(4);
  const nn::HuMap units;
  const Json plain{{"scaling", "hu"}, {"hu_range", units.json()}};
  const nn::FrozenEncoder canonical = small_encoder(plain);
  const Tensor x = torch::rand({1, 1, 8, 12, 16}) * 2 - 1;  // S, A, R
  Json turned = plain;
  turned["axes"] = "LIA";
  const Tensor lia = x.permute({0, 1, 4, 2, 3}).flip({2, 3}).contiguous();
  const Tensor expected = canonical.features(lia, units)[0].flip({2, 3}).permute({0, 1, 3, 4, 2});
  CHECK(torch::allclose(small_encoder(turned).features(x, units)[0], expected, 1e-4, 1e-5));
  Json scaled = plain;
  scaled["spacing_mm"] = {1.0, 2.0};
  const nn::FrozenEncoder fine = small_encoder(scaled);
  CHECK(fine.features(x, units, 1.5)[0].size(2) == 4);
  CHECK(fine.features(x, units, 4.0)[0].size(2) == 8);  // 8 voxels of 4 mm become 16 of 2 mm
  CHECK(fine.features(x, units, 0.5)[0].size(4) == 4);  // 16 voxels of 0.5 mm become 8 of 1 mm
  const nn::FrozenEncoder other = small_encoder(plain);
  other.network->add_statistics();
  other.network->set_statistics(1, torch::full({8}, 3.0), torch::full({8}, 2.0));
  CHECK(torch::allclose(other.features(x, units)[1], (canonical.features(x, units)[1] - 3) / 2, 1e-4, 1e-5));
  for (const Json& wrong : {Json{{"axes", "SAL"}, {"scaling", "z-score"}}, Json{{"axes", "SAI"}, {"scaling", "hu"}},
                            Json{{"spacing_mm", {2, 1}}, {"scaling", "hu"}}}) {
    Json input = plain;
    input.update(wrong);
    CHECK_THROWS_AS(nn::InputConvention::from_json(input), Error);
  }
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

TEST_CASE("patches: the volume's (i, j, k) is the tensor's [k][j][i], beyond the border stands the fill") {
  Volume volume(Grid::centred({3, 4, 5}, {1, 1, 1}), 0.0F);
  volume.at(2, 1, 4) = 7;
  const Tensor tensor = nn::tensor_of(volume);
  CHECK(tensor[4][1][2].item<float>() == 7);
  const Tensor patch = nn::cut_patch(tensor.unsqueeze(0), {3, 0, 1}, 4, -1.0);
  CHECK(patch[0][1][1][1].item<float>() == 7);
  CHECK(patch[0][2][0][0].item<float>() == -1);
  CHECK(patch[0][0][0][2].item<float>() == -1);
}

TEST_CASE("door: a program that was built with other headers gets no functions") {
  CHECK(gdm_nn_functions(GDM_DOOR) != nullptr);
  CHECK(gdm_nn_functions("of another build") == nullptr);
  CHECK(gdm_nn_functions(GDM_VERSION) == nullptr);
}
