// Sliding windows: an identity network returns the input for any overlap and size, borders included (row E1).
#include <doctest/doctest.h>

#include "function_sampler.hpp"
#include "nn/noise.hpp"
#include "synth/sliding_window.hpp"

using gdm::synth::patch_starts;
using gdm::synth::PatchPlan;
using gdm::synth::slide;
using gdm_test::FunctionSampler;
using torch::Tensor;

TEST_CASE("sliding window: the identity network gives back the volume") {
  torch::manual_seed(1);
  const Tensor volume = torch::randn({2, 37, 16, 9});
  FunctionSampler identity([](const Tensor& x) { return x.slice(1, 0, 1); });
  for (const double overlap : {0.0, 0.25, 0.5, 0.85}) {
    CAPTURE(overlap);
    std::int64_t evaluations = 0;
    const Tensor out = slide(volume, identity, {16, overlap}, torch::kCPU, "", &evaluations);
    CHECK((out - volume[0]).abs().max().item<double>() < 1e-6);
    CHECK(evaluations == static_cast<std::int64_t>(patch_starts(37, 16, overlap).size()));
    const Tensor by_slabs = slide(volume, identity, {{8, 24, 16}, overlap}, torch::kCPU, "", &evaluations);
    CHECK((by_slabs - volume[0]).abs().max().item<double>() < 1e-6);
    CHECK(evaluations == static_cast<std::int64_t>(patch_starts(37, 8, overlap).size()));
  }
}

TEST_CASE("sliding window: patches cover the axis, the last ends at its end, short axes are centred") {
  for (const std::int64_t extent : {16, 17, 40, 48, 95}) {
    for (const double overlap : {0.0, 0.25, 0.9}) {
      const auto starts = patch_starts(extent, 16, overlap);
      CHECK(starts.front() == 0);
      CHECK(starts.back() == extent - 16);
      for (std::size_t i = 1; i < starts.size(); ++i) {
        CHECK(starts[i] > starts[i - 1]);
        CHECK(starts[i] - starts[i - 1] <= 16 - static_cast<std::int64_t>(16 * overlap) + 1);
      }
    }
  }
  CHECK(patch_starts(9, 16, 0.25) == std::vector<std::int64_t>{-3});
}

TEST_CASE("sliding window: shifted patches begin elsewhere along the whole axis, cover it, and blend to the same") {
  CHECK(patch_starts(32, 16, 0.25, {1, 2}) == std::vector<std::int64_t>{-6, 6, 18});
  CHECK(patch_starts(9, 16, 0.25, {1, 3}) == std::vector<std::int64_t>{-4});
  for (const std::int64_t extent : {5, 16, 17, 40, 95}) {
    for (std::int64_t place = 1; place < 5; ++place) {
      const auto plain = patch_starts(extent, 16, 0.25), starts = patch_starts(extent, 16, 0.25, {place, 5});
      CHECK(starts.front() <= 0);
      CHECK(starts.back() + 16 >= extent);
      CHECK(starts != plain);
    }
  }
  torch::manual_seed(1);
  const Tensor volume = torch::randn({1, 37, 16, 9});
  FunctionSampler identity([](const Tensor& x) { return x; });
  for (std::int64_t place = 0; place < 3; ++place) {
    const Tensor out = slide(volume, identity, {16, 0.25, nullptr, {place, 3}}, torch::kCPU, "", nullptr);
    CHECK((out - volume[0]).abs().max().item<double>() < 1e-6);
  }
}

TEST_CASE("sliding window: beyond the volume the network sees air") {
  const Tensor volume = torch::ones({1, 4, 4, 4});
  double least = 1;
  FunctionSampler watch([&](const Tensor& x) {
    least = x.min().item<double>();
    return x;
  });
  slide(volume, watch, {8, 0.25}, torch::kCPU, "", nullptr);
  CHECK(least == -1.0);
}

TEST_CASE("sliding window: a single small patch that is left goes through the network with itself") {
  const Tensor volume = torch::rand({1, 32, 32, 176});  // seven patches, six at once
  std::int64_t least = 100, evaluations = 0;
  const auto same = [&](const Tensor& x) {
    least = std::min(least, x.size(0));
    return x;
  };
  FunctionSampler identity(same);
  const Tensor out = slide(volume, identity, {32, 0.25}, torch::kCPU, "", &evaluations);
  CHECK(least == 2);
  CHECK(evaluations == 7);
  CHECK((out - volume[0]).abs().max().item<float>() < 1e-5F);
  slide(volume, identity, {48, 0.25, nullptr, {}, 1}, torch::kCPU, "", nullptr);
  CHECK(least == 1);  // as was asked for
}

TEST_CASE("sliding window: small patches go through the network in groups, large ones alone") {
  CHECK(gdm::synth::patches_at_once(48, torch::kCPU) == 2);
  CHECK(gdm::synth::patches_at_once(96, torch::kCPU) == 1);
  const Tensor volume = torch::rand({1, 40, 40, 40});
  std::int64_t patches = 0, most = 0;
  const auto sum = [&](const Tensor& x) {
    patches += x.size(0);
    most = std::max(most, x.size(0));
    return x;
  };
  FunctionSampler count(sum, 3);
  std::int64_t evaluations = 0;
  slide(volume, count, {32, 0.25}, torch::kCPU, "", &evaluations);
  CHECK(patches == 8);
  CHECK(evaluations == 3 * 8);
  CHECK(most == gdm::synth::patches_at_once(32, torch::kCPU));
}

TEST_CASE("sliding window: in slabs the same volume, with no more of it at hand than a patch has slices") {
  torch::manual_seed(2);
  const gdm::nn::NoiseField noise(1, 7, "case");
  // A value depends on its neighbours, on air outside and on the noise of its place.
  FunctionSampler blur([](const Tensor& x) { return torch::avg_pool3d(x, 3, 1, 1).sum(1, /*keepdim=*/true); });
  for (const std::int64_t depth : {5, 16, 17, 41}) {
    for (const double overlap : {0.0, 0.25, 0.6}) {
      CAPTURE(depth);
      CAPTURE(overlap);
      const Tensor volume = torch::randn({2, depth, 20, 9});
      PatchPlan plan{{16, 8, 16}, overlap, &noise};
      std::int64_t evaluations = 0, of_slabs = 0;
      const Tensor whole = slide(volume, blur, plan, torch::kCPU, "", &evaluations);
      const std::int64_t held = std::min<std::int64_t>(depth, 16);
      Tensor conditions = torch::zeros({2, held, 20, 9}), slab = torch::full({held, 20, 9}, 99.0F);
      std::vector<Tensor> taken;
      const gdm::synth::SlabSteps steps{[&](std::int64_t first) { conditions.copy_(volume.narrow(1, first, held)); },
                                        [&](std::int64_t count) { taken.push_back(slab.narrow(0, 0, count).clone()); }};
      gdm::synth::slide_in_slabs({slab, {}}, conditions, depth, steps, blur, plan, torch::kCPU, "", &of_slabs);
      CHECK(torch::equal(torch::cat(taken), whole));
      CHECK(of_slabs == evaluations);
      CHECK((depth <= 16 || taken.size() > 1));
    }
  }
}
