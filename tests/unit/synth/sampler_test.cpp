// The sampler that validation and synthesis share: synthesis of a file gives what the training's own sampler gives.
#include <doctest/doctest.h>

#include "engine/compute.hpp"
#include "io_fixture.hpp"
#include "nn/tensor_io.hpp"
#include "nn/volume_tensors.hpp"
#include "synth/sliding_window.hpp"
#include "synth/synthesizer.hpp"

using namespace gdm;
using torch::Tensor;

namespace {

nn::GeneratorConfig noisy_config() {
  nn::GeneratorConfig config;
  config.task = "sparse-ct";
  config.conditions = {{"fbp", "hu"}};
  config.noise_channels = 1;
  config.widths = {8};
  config.patch = 16;
  return config;
}

}  // namespace

TEST_CASE("sampler: one step is the network, with the weights that a training gives it meanwhile") {
  torch::manual_seed(4);
  const nn::GeneratorConfig config = noisy_config();
  nn::Generator network(config);
  synth::OneStepSampler sampler(network);
  const torch::NoGradGuard no_grad;
  const Tensor patches = torch::rand({2, 2, 16, 16, 16});
  CHECK(torch::equal(sampler.sample(patches), network(patches)));
  const Tensor before = sampler.sample(patches);
  for (Tensor& parameter : network->parameters()) parameter.add_(0.1);
  CHECK_FALSE(torch::equal(sampler.sample(patches), before));
  CHECK(sampler.evaluations() == 1);
}

TEST_CASE("sampler: a volume from a model's file is that of the sampler on its network") {
  torch::manual_seed(4);
  const gdm_test::TemporaryFolder folder;
  const nn::GeneratorConfig config = noisy_config();
  nn::Generator network(config);
  nn::TensorWriter writer;
  writer.add("", nn::named_state(*network));
  writer.write(folder / "m.safetensors", {{"kind", "generator"}, {"generator", config.json()}}, Overwrite::refuse);
  Volume fbp(Grid::centred({20, 18, 16}, {2, 2, 2}), 0.0F);
  for (std::size_t v = 0; v < fbp.voxels.size(); ++v) fbp.voxels[v] = static_cast<float>(v % 1013) - 500.0F;

  const auto synthesizer = synth::open_generator(folder / "m.safetensors", {}, {"cpu", 1, 7});
  const Volume predicted = synthesizer->predict({fbp}, "case", "");
  CHECK(synthesizer->evaluations() == 4);

  synth::OneStepSampler sampler(network);
  const nn::NoiseField noise(1, 7, "case");
  synth::PatchPlan plan;
  plan.patch = config.patch;
  plan.noise = &noise;
  const Volume turned = nn::turned_for_network(fbp);
  const Tensor condition = nn::scale_condition(nn::tensor_of(turned), config.conditions[0], config.hu_map).unsqueeze(0);
  const Tensor expected = synth::slide(condition, sampler, plan, torch::kCPU, "", nullptr);
  const Volume again = nn::turned_for_network(predicted);
  CHECK((nn::tensor_of(again) - config.hu_map.to_hu(expected)).abs().max().item<double>() < 1e-2);
}

TEST_CASE("sampler: noise without channels is none") {
  const nn::NoiseField none(0, 7, "case");
  nn::GeneratorConfig config = noisy_config();
  config.noise_channels = 0;
  torch::manual_seed(4);
  nn::Generator network(config);
  synth::OneStepSampler sampler(network);
  const Tensor volume = torch::rand({1, 16, 18, 20});
  synth::PatchPlan plan;
  plan.patch = config.patch;
  const Tensor plain = synth::slide(volume, sampler, plan, torch::kCPU, "", nullptr);
  plan.noise = &none;
  CHECK(torch::equal(synth::slide(volume, sampler, plan, torch::kCPU, "", nullptr), plain));
}
