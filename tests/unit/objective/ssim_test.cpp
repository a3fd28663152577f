// The SSIM objective: the metric's value, the gradient of finite differences, and nothing where it must not look.
#include <ATen/CPUGeneratorImpl.h>
#include <doctest/doctest.h>

#include "metrics/ssim.hpp"
#include "nn/hu_map.hpp"
#include "nn/volume_tensors.hpp"
#include "objective/ssim_loss.hpp"

using namespace gdm;
using namespace gdm::objective;
using torch::Tensor;

namespace {

struct Patches {
  Tensor predicted, target, mask;
};

/// Two noisy patches; a corner is outside the patient, some predictions are outside the range.
Patches patches(std::int64_t volumes) {
  torch::manual_seed(21);
  Patches w;
  w.target = torch::rand({volumes, 1, 12, 10, 11}) * 1.6 - 0.8;
  w.predicted = w.target + 0.3 * torch::randn_like(w.target);
  w.mask = torch::ones_like(w.target).to(torch::kUInt8);
  w.mask.slice(2, 0, 5).slice(3, 0, 6).zero_();
  return w;
}

Volume volume(const Tensor& patch) {
  const nn::HuMap map{-1000, 1000};
  return nn::volume_of(map.to_hu(patch[0][0]).contiguous(), Grid::centred({11, 10, 12}, {1, 1, 1}));
}

}  // namespace

TEST_CASE("ssim: 1 minus the metric of the same patches") {
  const Patches w = patches(1);
  Mask mask(Grid::centred({11, 10, 12}, {1, 1, 1}), 0);
  const Tensor inside = w.mask.contiguous();
  std::copy_n(inside.data_ptr<std::uint8_t>(), inside.numel(), mask.voxels.data());
  const auto metric = metrics::ssim_synthrad2023(volume(w.predicted), volume(w.target), mask, {-1000, 1000});
  REQUIRE(metric);
  CHECK(ssim_loss(w.predicted, w.target, w.mask).value.item<double>() == doctest::Approx(1 - *metric).epsilon(1e-5));
  CHECK(ssim_loss(w.target, w.target, w.mask).value.item<double>() == doctest::Approx(0).epsilon(1e-5));
}

TEST_CASE("ssim: the gradient is that of finite differences, 0 outside the mask and the range") {
  const Patches w = patches(2);
  const Tensor gradient = ssim_loss(w.predicted, w.target, w.mask).gradient;
  const Tensor outside = (w.mask == 0).logical_or(w.predicted.abs() > 1);
  CHECK(outside.sum().item<std::int64_t>() > 300);
  CHECK(gradient.masked_select(outside).abs().max().item<double>() == 0);
  for (int draw = 0; draw < 8; ++draw) {  // along directions, for single voxels are too little for fp32
    const Tensor direction = torch::randn_like(w.predicted).masked_fill((w.predicted.abs() > 0.98), 0.0);
    constexpr double step = 1e-3;
    const double rise = ssim_loss(w.predicted + step * direction, w.target, w.mask).value.item<double>() -
                        ssim_loss(w.predicted - step * direction, w.target, w.mask).value.item<double>();
    const double expected = (gradient * direction).sum().item<double>();
    CHECK(rise / (2 * step) == doctest::Approx(expected).epsilon(0.01));
  }
}

TEST_CASE("ssim: as an objective, patches without a patient ask for nothing") {
  const Patches w = patches(1);
  PairedObjective objective("ssim", ssim_loss, 0.4);
  at::Generator generator = at::detail::createCPUGenerator(1);
  const auto out = objective.gradients({w.predicted, w.target, w.mask, w.mask}, generator);
  REQUIRE(out.size() == 1);
  CHECK(out[0].name == "ssim");
  CHECK(out[0].share == 0.4);
  CHECK(out[0].log.finished().at("loss").get<double>() > 0);
  const auto air =
      objective.gradients({w.predicted, w.target, torch::zeros_like(w.mask), torch::zeros_like(w.mask)}, generator);
  CHECK(air[0].gradient.abs().max().item<double>() == 0);
}
