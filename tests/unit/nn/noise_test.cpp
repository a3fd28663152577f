// Noise channels: normal, the same wherever and however often a place is drawn, another for another name or seed.
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include "engine/compute.hpp"
#include "function_sampler.hpp"
#include "io_fixture.hpp"
#include "nn/generator.hpp"
#include "nn/noise.hpp"
#include "nn/tensor_io.hpp"
#include "nn/volume_tensors.hpp"
#include "synth/sliding_window.hpp"
#include "synth/synthesizer.hpp"

using namespace gdm;
using nn::NoiseField;
using torch::Tensor;

namespace {

double correlation(const Tensor& a, const Tensor& b) {
  return ((a - a.mean()) * (b - b.mean())).mean().item<double>();
}

}  // namespace

TEST_CASE("noise: standard normal, channels and neighbours independent") {
  const Tensor x = NoiseField(2, 7, "a").patch({-5, 3, 1000}, 40);
  CHECK(x.sizes() == torch::IntArrayRef({2, 40, 40, 40}));
  const double error = 1 / std::sqrt(64000.0);  // of a mean over one channel
  for (std::int64_t channel = 0; channel < 2; ++channel) {
    const Tensor one = x[channel];
    CHECK(std::abs(one.mean().item<double>()) < 4 * error);
    CHECK(one.var().item<double>() == doctest::Approx(1).epsilon(4 * error * std::sqrt(2.0)));
    CHECK(std::abs(one.pow(3).mean().item<double>()) < 4 * error * std::sqrt(15.0));
    CHECK(one.pow(4).mean().item<double>() == doctest::Approx(3).epsilon(4 * error * std::sqrt(96.0) / 3));
    for (std::int64_t axis = 0; axis < 3; ++axis) {
      CHECK(std::abs(correlation(one.slice(axis, 0, 39), one.slice(axis, 1, 40))) < 4.2 * error);
    }
  }
  CHECK(std::abs(correlation(x[0], x[1])) < 4 * error);
}

TEST_CASE("noise: a place has one value in every patch, for any number of threads, names and seeds have their own") {
  const NoiseField field(2, 7, "a");
  const Tensor whole = field.patch({-4, -4, -4}, 24);
  for (const std::int64_t shift : {0, 1, 4, 7}) {  // odd ones begin in the middle of a pair
    const Tensor part = field.patch({shift - 4, 1, shift - 3}, 12);
    CHECK(torch::equal(part, whole.slice(1, shift, shift + 12).slice(2, 5, 17).slice(3, shift + 1, shift + 13)));
  }
  const int threads = torch::get_num_threads();
  torch::set_num_threads(threads == 1 ? 2 : 1);
  CHECK(torch::equal(field.patch({-4, -4, -4}, 24), whole));
  const Tensor slab = field.patch({-2, 1, -3}, {5, 12, 16});
  CHECK(torch::equal(slab, whole.slice(1, 2, 7).slice(2, 5, 17).slice(3, 1, 17)));
  torch::set_num_threads(threads);
  for (const NoiseField& other : {NoiseField(2, 7, "b"), NoiseField(2, 8, "a")}) {
    const Tensor different = other.patch({-4, -4, -4}, 24);
    CHECK(std::abs(correlation(different, whole)) < 0.03);
  }
  CHECK(torch::equal(NoiseField(1, 7, "a").patch({0, 0, 0}, 4)[0], field.patch({0, 0, 0}, 4)[0]));
}

TEST_CASE("noise: patches of a volume agree where they overlap, also beyond its border") {
  const NoiseField field(1, 3, "case");
  gdm_test::FunctionSampler only_noise([](const Tensor& x) { return x.slice(1, 1, 2); });
  const Tensor volume = torch::zeros({1, 37, 16, 9});
  const Tensor out = synth::slide(volume, only_noise, {16, 0.5, &field}, torch::kCPU, "", nullptr);
  const Tensor expected = field.patch({0, 0, 0}, 37)[0].slice(1, 0, 16).slice(2, 0, 9);
  CHECK((out - expected).abs().max().item<double>() < 1e-5);
}

TEST_CASE("noise: that of a training step depends on seed, step and item alone") {
  const Tensor patches = torch::rand({3, 2, 8, 8, 8});
  const Tensor noisy = nn::with_step_noise(patches, 2, 5, 11);
  CHECK(noisy.sizes() == torch::IntArrayRef({3, 4, 8, 8, 8}));
  CHECK(torch::equal(noisy.slice(1, 0, 2), patches));
  CHECK(torch::equal(nn::with_step_noise(patches.slice(0, 0, 2), 2, 5, 11), noisy.slice(0, 0, 2)));
  CHECK_FALSE(torch::equal(noisy[0].slice(0, 2), noisy[1].slice(0, 2)));
  CHECK_FALSE(torch::equal(nn::with_step_noise(patches, 2, 5, 12)[0], noisy[0]));
  CHECK_FALSE(torch::equal(nn::with_step_noise(patches, 2, 6, 11)[0], noisy[0]));
  CHECK(nn::with_step_noise(patches, 0, 5, 11).is_same(patches));
}

TEST_CASE("noise: a synthesis is one of many, chosen by seed and draw, however its input is stored") {
  const gdm_test::TemporaryFolder folder;
  torch::manual_seed(5);
  nn::GeneratorConfig config;
  config.task = "mr2ct";
  config.conditions = {{"mr", "percentile"}, {"t2", "percentile"}, {"fbp", "hu"}};
  config.widths = {8, 16};
  config.patch = 16;
  config.noise_channels = 2;
  nn::Generator network(config);
  nn::TensorWriter writer;
  writer.add("", nn::named_state(*network));
  writer.write(folder / "m.safetensors", {{"kind", "generator"}, {"generator", config.json()}}, Overwrite::refuse);
  Volume mr(Grid::centred({12, 20, 24}, {2, 2, 3}), 0.0F);
  for (std::size_t v = 0; v < mr.voxels.size(); ++v) mr.voxels[v] = 20.0F * static_cast<float>(v % 97) - 1000.0F;  // HU
  const auto predict = [&](const std::string& draw, std::uint64_t seed, const std::string& letters = "RAS") {
    engine::Compute compute;
    compute.seed = seed;
    const Volume stored = reoriented(mr, letters);
    const auto synthesizer = synth::open_generator(folder / "m.safetensors", {}, compute);
    return reoriented(synthesizer->predict({stored, stored, stored}, draw, ""), mr.grid.orientation()).voxels;
  };
  const auto first = predict("a", 1);
  CHECK(predict("a", 1) == first);
  CHECK(predict("a", 1, "LPS") == first);
  CHECK(predict("b", 1) != first);
  CHECK(predict("a", 2) != first);
}
