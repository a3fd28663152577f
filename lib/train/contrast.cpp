#include "train/contrast.hpp"

namespace gdm::train {
namespace {

constexpr double temperature = 0.1;
constexpr double least_variance = 1e-8;  // also what keeps the root's gradient finite in plain air

/// Patch b starts `starts[b]` voxels after the beginning of `wide`.
Tensor cut_at(const Tensor& wide, const Tensor& starts) {
  const std::int64_t patch = wide.size(2) - 2 * scan_shift;
  std::vector<Tensor> out;
  for (std::int64_t b = 0; b < wide.size(0); ++b) {
    Tensor one = wide[b];
    for (std::int64_t axis = 0; axis < 3; ++axis) {
      one = one.narrow(axis + 1, starts[b][axis].item<std::int64_t>(), patch);
    }
    out.push_back(one);
  }
  return torch::stack(out);
}

Tensor scanned(const Tensor& patches, const data::Strength& strength, at::Generator& generator) {
  return data::random_noise(data::random_intensity(patches, strength, generator).clamp(-1.0, 1.0), strength, generator);
}

/// Rows of which `inside` is true.
Tensor vectors_of(const Tensor& map, const nn::Tap& tap, const Tensor& inside) {
  return cube_vectors(map, place_edge / tap.stride).index({inside});
}

}  // namespace

Tensor altered(const Tensor& patches, at::Generator& generator) {
  const Tensor sharpen = torch::rand({patches.size(0)}, generator) < 0.5;
  const Tensor sigmas = torch::where(sharpen, data::uniform({patches.size(0)}, 0.6, 1.2, generator),
                                     data::uniform({patches.size(0)}, 0.4, 1.2, generator));
  const Tensor amounts = torch::where(sharpen, data::uniform({patches.size(0)}, 0.4, 1.5, generator),
                                      torch::full({patches.size(0)}, -1.0));
  const Tensor smooth = data::blurred(patches, sigmas);
  return patches + amounts.view({-1, 1, 1, 1, 1}).to(patches.device()) * (patches - smooth);
}

Looks random_looks(const Tensor& images, const Tensor& inside, const data::Strength& strength,
                   at::Generator& generator) {
  const std::int64_t batch = images.size(0);
  const Tensor here = torch::full({batch, 3}, scan_shift, torch::kInt64);
  const Tensor there = torch::randint(2 * scan_shift + 1, {batch, 3}, generator, torch::kInt64);
  const Tensor middle = cut_at(images, here);
  Looks looks;
  looks.scan = scanned(middle, strength, generator);
  looks.rescan = scanned(cut_at(images, there), strength, generator);
  looks.altered = scanned(altered(middle, generator), strength, generator);
  looks.inside = cut_at(inside, here);
  return looks;
}

Tensor cube_vectors(const Tensor& map, std::int64_t cells) {
  const Tensor mean = torch::avg_pool3d(map, cells);
  const Tensor variance = torch::avg_pool3d(map.square(), cells) - mean.square();
  const Tensor both = torch::cat({mean, variance.clamp_min(least_variance).sqrt()}, 1);
  return both.flatten(2).transpose(1, 2).flatten(0, 1);
}

Tensor info_nce(const Tensor& scan, const Tensor& rescan, const Tensor& wrong, double temperature) {
  const Tensor all = torch::cat({scan, rescan, wrong});
  const Tensor mean = all.mean(0), deviation = all.var(0, false).clamp_min(least_variance).sqrt();
  const double scale = 2.0 * static_cast<double>(scan.size(1)) * temperature;
  const auto logits = [&](const Tensor& from, const Tensor& to) {
    const Tensor a = (from - mean) / deviation, b = (torch::cat({to, wrong}) - mean) / deviation;
    return -(a.square().sum(1, true) + b.square().sum(1) - 2 * a.mm(b.t())) / scale;
  };
  const Tensor truth = torch::arange(scan.size(0), torch::TensorOptions().dtype(torch::kInt64).device(scan.device()));
  return (torch::cross_entropy_loss(logits(scan, rescan), truth) +
          torch::cross_entropy_loss(logits(rescan, scan), truth)) /
         2;
}

Tensor contrast_loss(const std::vector<nn::Tap>& taps, const std::vector<Tensor>& scan,
                     const std::vector<Tensor>& rescan, const std::vector<Tensor>& altered, const Tensor& inside) {
  const Tensor counted = torch::avg_pool3d(inside.to(torch::kFloat32), place_edge).flatten() >= 0.5;
  std::vector<Tensor> losses;
  for (std::size_t tap = 0; tap < taps.size() && counted.sum().item<std::int64_t>() > 1; ++tap) {
    if (taps[tap].stride > place_edge) continue;
    const auto rows = [&](const std::vector<Tensor>& maps) { return vectors_of(maps[tap], taps[tap], counted); };
    losses.push_back(info_nce(rows(scan), rows(rescan), rows(altered), temperature));
  }
  return losses.empty() ? torch::zeros({}, scan.front().options()) : torch::stack(losses).mean();
}

}  // namespace gdm::train
