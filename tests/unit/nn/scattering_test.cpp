// Scattering coefficients against closed forms and the invariants that make them what they are.
#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include <cmath>

#include "nn/scattering_encoder.hpp"
#include "nn/tensor_io.hpp"
#include "sys/error.hpp"

using gdm::nn::ScatteringConfig;
using gdm::nn::ScatteringEncoder;
using torch::Tensor;

namespace {

constexpr std::int64_t filters = 13, last_filter = 12;

ScatteringConfig one_octave() {
  return {{{-1000.0, 3000.0}}, 1};
}

/// Coefficients of the innermost cell, which no border reaches.
Tensor innermost(const Tensor& map) {
  const std::int64_t middle = map.size(2) / 2;
  return map[0].select(1, middle).select(1, middle).select(1, middle);
}

/// HU that rise by `slope` a voxel along `dim` (2 to 4).
Tensor ramp(std::int64_t dim, double slope) {
  std::vector<std::int64_t> shape(5, 1);
  shape[static_cast<std::size_t>(dim)] = 16;
  return (torch::arange(16, torch::kFloat32) * slope).view(shape).expand({1, 1, 16, 16, 16}).contiguous();
}

}  // namespace

TEST_CASE("scattering: what is the same everywhere has no coefficients") {
  ScatteringEncoder encoder({});
  for (const Tensor& map : encoder.maps(torch::full({1, 1, 16, 16, 16}, 40.0))) {
    CHECK(map.abs().max().item<double>() < 1e-6);
  }
}

TEST_CASE("scattering: a ramp is seen by the difference along its axis alone") {
  ScatteringEncoder encoder(one_octave());
  for (std::int64_t axis = 0; axis < 3; ++axis) {
    const Tensor seen = innermost(encoder.maps(ramp(axis + 2, 10)).at(0));
    // Filter (1, 0, -1) / sqrt(2) on a slope of 10 HU in a range of 4000 HU.
    CHECK(seen[axis * 4].item<double>() == doctest::Approx(20 / std::sqrt(2.0) / 4000).epsilon(1e-5));
    for (std::int64_t other = 0; other < filters; ++other) {
      if (other != axis * 4) CHECK(std::abs(seen[other].item<double>()) < 1e-6);
    }
  }
}

TEST_CASE("scattering: coefficients and gradients are those of a convolution") {
  torch::manual_seed(5);
  ScatteringEncoder encoder(one_octave());
  const Tensor weights = encoder.named_buffers()["filters"];
  const Tensor x = (torch::randn({2, 1, 8, 16, 8}) * 50).requires_grad_(true);
  const Tensor padded = torch::replication_pad3d(x / 4000, {1, 1, 1, 1, 1, 1});
  const Tensor expected = torch::avg_pool3d(torch::conv3d(padded, weights).abs(), 4);
  const Tensor seen = encoder.maps(x).at(0), part = torch::randn_like(seen);
  CHECK((seen - expected).abs().max().item<double>() < 1e-6);
  const Tensor gradient = torch::autograd::grad({(seen * part).sum()}, {x})[0];
  const Tensor reference = torch::autograd::grad({(expected * part).sum()}, {x})[0];
  CHECK((gradient - reference).abs().max().item<double>() < 1e-5 * reference.abs().max().item<double>());
}

TEST_CASE("averaged moduli: values and gradients are those of a convolution, whatever the number of threads") {
  torch::manual_seed(6);
  const Tensor filters = torch::randn({5, 1, 3, 3, 3}) * (torch::rand({5, 1, 3, 3, 3}) < 0.4);
  const gdm::nn::SharedFilters shared = gdm::nn::sparse_filters(filters);
  const int threads = at::get_num_threads();
  for (const std::int64_t edge : {1, 2, 4}) {
    const Tensor x = torch::randn({3, 1, 2 * edge + 2, 5 * edge + 2, 7 * edge + 2}).requires_grad_(true);
    const Tensor expected = torch::avg_pool3d(torch::conv3d(x, filters).abs(), edge),
                 part = torch::randn_like(expected);
    const Tensor reference = torch::autograd::grad({(expected * part).sum()}, {x})[0];
    std::vector<Tensor> seen, gradients;
    for (const int n : {1, 2}) {
      at::set_num_threads(n);
      seen.push_back(gdm::nn::averaged_moduli(x, shared, edge));
      gradients.push_back(torch::autograd::grad({(seen.back() * part).sum()}, {x})[0]);
    }
    CHECK((seen[0] - expected).abs().max().item<double>() < 1e-5);
    CHECK((gradients[0] - reference).abs().max().item<double>() < 1e-5);
    CHECK(torch::equal(seen[0], seen[1]));
    CHECK(torch::equal(gradients[0], gradients[1]));
    const Tensor elsewhere = gdm::nn::averaged_moduli(x.to(torch::kFloat64), shared, edge);
    CHECK((elsewhere - expected).abs().max().item<double>() < 1e-5);
    const Tensor gradient = torch::autograd::grad({(elsewhere * part).sum()}, {x})[0];
    CHECK((gradient - reference).abs().max().item<double>() < 1e-5);
  }
  at::set_num_threads(threads);
  CHECK_THROWS_AS(gdm::nn::averaged_moduli(torch::zeros({1, 1, 10, 11, 10}), shared, 4), gdm::Error);
}

TEST_CASE("averaged moduli: a graph owns its filters") {
  const Tensor x = torch::randn({1, 1, 6, 6, 6}).requires_grad_(true);
  const Tensor weights = torch::randn({2, 1, 3, 3, 3});
  Tensor seen;
  {
    const gdm::nn::SharedFilters filters = gdm::nn::sparse_filters(weights);
    seen = gdm::nn::averaged_moduli(x, filters, 4);
    CHECK(filters.use_count() == 2);
  }
  const Tensor reference = torch::autograd::grad({torch::conv3d(x, weights).abs().mean()}, {x})[0];
  CHECK((torch::autograd::grad({seen.mean()}, {x})[0] - reference).abs().max().item<double>() < 1e-6);
}

TEST_CASE("scattering: white noise gives each filter of unit length the same mean modulus") {
  torch::manual_seed(1);
  ScatteringEncoder encoder(one_octave());
  const double sigma = 20;
  const Tensor means = encoder.maps(torch::randn({1, 1, 64, 64, 64}) * sigma).at(0).mean({0, 2, 3, 4});
  const double expected = sigma * std::sqrt(2 / M_PI) / 4000;  // mean modulus of a normal variable
  for (std::int64_t n = 0; n < filters; ++n) CHECK(means[n].item<double>() == doctest::Approx(expected).epsilon(0.02));
}

TEST_CASE("scattering: values beyond a range are not seen, the range counts as one") {
  ScatteringEncoder encoder(ScatteringConfig{{{-1000.0, 3000.0}, {-100.0, 100.0}}, 1});
  torch::manual_seed(2);
  const Tensor bone = torch::rand({1, 1, 16, 16, 16}) * 500 + 200, soft = torch::rand({1, 1, 16, 16, 16}) * 50;
  CHECK(encoder.maps(bone).at(0).narrow(1, filters, filters).abs().max().item<double>() < 1e-6);
  const Tensor seen = encoder.maps(soft).at(0);
  const Tensor ratio = seen.narrow(1, filters, filters) / seen.narrow(1, 0, filters);
  CHECK((ratio - 20).abs().max().item<double>() < 1e-2);  // 4000 HU beside 200 HU
}

TEST_CASE("scattering: a mirrored patch has mirrored coefficients, a sharper one has larger") {
  torch::manual_seed(3);
  ScatteringEncoder encoder({});
  const Tensor x = torch::randn({1, 1, 24, 24, 24}) * 50;
  const Tensor axes =
      torch::tensor(std::vector<std::int64_t>{0, 1, 4, 5, 8, 9, last_filter});  // the diagonals change places
  const auto maps = encoder.maps(x), mirrored = encoder.maps(x.flip(4));
  for (std::size_t tap = 0; tap < maps.size(); ++tap) {
    const Tensor back = mirrored[tap].flip(4).index_select(1, axes), here = maps[tap].index_select(1, axes);
    CHECK((back - here).abs().max().item<double>() < 1e-5);
  }
  const Tensor smooth = torch::avg_pool3d(x, 3, 1, 1);
  CHECK(encoder.maps(smooth).at(0).mean().item<double>() < 0.6 * maps.at(0).mean().item<double>());
}

TEST_CASE("scattering: taps have the sizes that they state, and only those asked for are made") {
  ScatteringEncoder encoder(ScatteringConfig{{{-1024.0, 3071.0}, {-200.0, 300.0}}, 3});
  const auto maps = encoder.maps(torch::randn({2, 1, 32, 40, 24}));
  REQUIRE(maps.size() == encoder.taps().size());
  for (std::size_t tap = 0; tap < maps.size(); ++tap) {
    const auto& stated = encoder.taps()[tap];
    CHECK(maps[tap].sizes() ==
          torch::IntArrayRef({2, stated.channels, 32 / stated.stride, 40 / stated.stride, 24 / stated.stride}));
  }
  CHECK(encoder.maps(torch::randn({1, 1, 16, 16, 16}), 1).size() == 1);
}

TEST_CASE("scattering: a cell depends on the receptive field that its tap states") {
  torch::manual_seed(4);
  for (const std::int64_t octaves : {1, 2, 3}) {
    ScatteringEncoder encoder(ScatteringConfig{{{-1000.0, 3000.0}}, octaves});
    const Tensor x = (torch::randn({1, 1, 48, 48, 48}) * 50).requires_grad_(true);
    const auto maps = encoder.maps(x);
    for (std::size_t tap = 0; tap < maps.size(); ++tap) {
      const Tensor gradient = torch::autograd::grad({innermost(maps[tap]).sum()}, {x}, {}, true)[0];
      const Tensor lines = gradient[0][0].abs().sum({1, 2}).nonzero();
      const auto extent = lines.max().item<std::int64_t>() - lines.min().item<std::int64_t>() + 1;
      CHECK(extent == encoder.taps()[tap].receptive_field);
    }
  }
}

TEST_CASE("scattering: a description makes the same encoder again, impossible ones are refused") {
  const ScatteringConfig config{{{-500.0, 500.0}}, 3};
  CHECK(ScatteringConfig::from_json(config.json()).json() == config.json());
  for (const char* key : {"ranges", "octaves"}) {
    auto json = config.json();
    json.erase(key);
    CHECK_THROWS(ScatteringConfig::from_json(json));
  }
  auto json = config.json();
  json["octaves"] = 4;
  CHECK_THROWS_AS(ScatteringConfig::from_json(json), gdm::Error);
  json = config.json();
  json["ranges"] = {{300.0, -200.0}};
  CHECK_THROWS_AS(ScatteringConfig::from_json(json), gdm::Error);
}
