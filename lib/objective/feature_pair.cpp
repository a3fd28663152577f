#include "objective/feature_pair.hpp"

#include "data/view.hpp"
#include "nn/compat.hpp"
#include "nn/host.hpp"
#include "nn/volume_tensors.hpp"

namespace gdm::objective {
namespace {

constexpr double least_deviation = 1e-4;  // a channel that does not vary tells nothing

/// `mask` of the host. Undefined without a cell inside.
Tensor tap_loss(const Tensor& predicted, const Tensor& real, const Tensor& mask) {
  const torch::NoGradGuard no_grad;
  const Tensor part = torch::adaptive_avg_pool3d(mask.to(torch::kFloat32), predicted.sizes().slice(2));
  const Tensor host_inside = (part >= bank::least_inside).to(torch::kFloat32);
  const double cells = nn::host_value<float>(host_inside.sum());
  if (cells == 0) return {};
  const Tensor inside = nn::to_device(host_inside, predicted.device());
  const Tensor mean = (real * inside).sum({0, 2, 3, 4}, true) / cells;
  const Tensor deviation = ((real - mean).abs() * inside).sum({0, 2, 3, 4}, true) / cells;
  const Tensor weight = inside * (deviation > least_deviation) / deviation.clamp_min(least_deviation);
  const torch::AutoGradMode with_grad(true);
  return ((predicted - real).abs() * weight).sum() / (cells * static_cast<double>(predicted.size(1)));
}

}  // namespace

std::int64_t view_count(const model::PatchShape& patch) {
  const std::int64_t edge = patch.least();
  return patch.voxels() / (edge * edge * edge);
}

FeaturePair feature_pair(const nn::FrozenEncoder& encoder, const OutputPatch& patch, const Seeing& seeing,
                         at::Generator& generator) {
  FeaturePair pair;
  const model::PatchShape shape(patch.predicted.size(2), patch.predicted.size(3), patch.predicted.size(4));
  std::vector<data::View> views;
  for (std::int64_t n = view_count(shape); n > 0; --n) {
    views.push_back(data::View::random(shape, seeing.size, generator));
  }
  const auto viewed = [&](const Tensor& volume) {
    if (views.size() == 1) return views.front().apply(volume);
    std::vector<Tensor> parts;
    for (const data::View& view : views) parts.push_back(view.apply(volume));
    return torch::cat(parts);
  };
  const auto seen = [&](const Tensor& volume) {
    const nn::Bfloat16Guard guard(volume.device(), seeing.bfloat16);
    std::vector<Tensor> maps = encoder.features(viewed(volume), seeing.units, seeing.edge_mm, seeing.taps);
    for (Tensor& map : maps) map = map.to(torch::kFloat32);
    return maps;
  };
  pair.mask = viewed(patch.host_mask);
  pair.predicted = seen(nn::air_outside(patch.predicted, patch.mask));
  const torch::NoGradGuard no_grad;
  pair.real = seen(nn::air_outside(patch.target, patch.mask));
  return pair;
}

Tensor perceptual_loss(const FeaturePair& pair) {
  Tensor sum;
  std::int64_t taps = 0;
  for (std::size_t i = 0; i < pair.predicted.size(); ++i) {
    const Tensor loss = tap_loss(pair.predicted[i], pair.real[i], pair.mask);
    if (!loss.defined()) continue;
    sum = sum.defined() ? sum + loss : loss;
    ++taps;
  }
  return taps == 0 ? sum : sum / static_cast<double>(taps);
}

}  // namespace gdm::objective
