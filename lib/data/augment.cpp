#include "data/augment.hpp"

#include <algorithm>
#include <cmath>

#include "data/view.hpp"
#include "sys/error.hpp"

namespace gdm::data {
namespace {

constexpr std::int64_t blur_radius = 6;  // two standard deviations of the widest blur

/// One value for each patch: (B, 1, 1, 1, 1).
Tensor for_each_patch(const Tensor& patches, double low, double high, at::Generator& generator) {
  return uniform({patches.size(0), 1, 1, 1, 1}, low, high, generator).to(patches.device());
}

/// A smooth random field in [-1, 1]: a coarse grid of draws, interpolated.
Tensor smooth_field(const Tensor& patches, at::Generator& generator) {
  const Tensor coarse = uniform({patches.size(0), 1, 4, 4, 4}, -1, 1, generator).to(patches.device());
  return torch::upsample_trilinear3d(coarse, patches.sizes().slice(2), /*align_corners=*/true);
}

/// Larger voxels, as a scanner makes them (means), interpolated back to the patch's grid.
Tensor coarser(const Tensor& patch, const std::vector<std::int64_t>& size) {
  const Tensor small = torch::adaptive_avg_pool3d(patch, size);
  return torch::upsample_trilinear3d(small, patch.sizes().slice(2), /*align_corners=*/false);
}

Tensor random_resolution(const Tensor& patches, double most, at::Generator& generator) {
  const Tensor draws = torch::rand({patches.size(0), 5}, generator);
  std::vector<Tensor> out;
  for (std::int64_t b = 0; b < patches.size(0); ++b) {
    const float* draw = draws.data_ptr<float>() + 5 * b;
    std::vector<std::int64_t> size;
    const double factor = 1 + (most - 1) * draw[1];
    for (std::int64_t axis = 0; axis < 3; ++axis) {
      const auto voxels = static_cast<double>(patches.size(2 + axis));
      const bool larger = draw[0] < 0.5F && draw[2 + axis] < 0.5F;
      size.push_back(std::max<std::int64_t>(1, std::llround(larger ? voxels / factor : voxels)));
    }
    const Tensor patch = patches.slice(0, b, b + 1);
    out.push_back(size == patch.sizes().slice(2).vec() ? patch : coarser(patch, size));
  }
  return torch::cat(out);
}

/// Of patches whose range is [0, 1].
Tensor changed_intensity(Tensor x, const Strength& s, at::Generator& generator) {
  if (s.gamma > 0) x = x.clamp_min(0.0).pow(torch::exp(for_each_patch(x, -s.gamma, s.gamma, generator)));
  if (s.gain > 0) x = x * for_each_patch(x, 1 - s.gain, 1 + s.gain, generator);
  if (s.bias > 0) x = x * (1 + s.bias * smooth_field(x, generator));
  if (s.shift > 0) x = x + for_each_patch(x, -s.shift, s.shift, generator);
  return x;
}

}  // namespace

Json Strength::json() const {
  return {{"gain", gain}, {"shift", shift},           {"gamma", gamma}, {"bias", bias},
          {"blur", blur}, {"resolution", resolution}, {"noise", noise}, {"views", views}};
}

Strength strength_from_name(const std::string& name) {
  if (name == "none") return {};
  if (name == "light") return {0.05, 0.02, 0.05, 0.05, 0.6, 1.5, 0.01, true};
  if (name == "medium") return {0.10, 0.03, 0.10, 0.10, 0.8, 2.0, 0.01, true};
  if (name == "strong") return {0.30, 0.10, 0.40, 0.25, 1.2, 2.5, 0.05, true};
  throw Error("'" + name + "' is not a strength of augmentation; there are none, light, medium, strong", Exit::usage);
}

Tensor uniform(const std::vector<std::int64_t>& shape, double low, double high, at::Generator& generator) {
  return torch::rand(shape, generator) * (high - low) + low;
}

Tensor random_views(const Tensor& patches, at::Generator& generator) {
  std::vector<Tensor> out;
  for (std::int64_t b = 0; b < patches.size(0); ++b) {
    const auto view = View::random(patches.size(2), patches.size(2), generator);
    out.push_back(view.apply(patches.slice(0, b, b + 1)));
  }
  return torch::cat(out);
}

Tensor blurred(const Tensor& patches, const Tensor& sigmas) {
  const std::int64_t batch = patches.size(0), taps = 2 * blur_radius + 1;
  const Tensor place = torch::arange(taps, torch::kFloat32) - static_cast<double>(blur_radius);
  const Tensor sigma = sigmas.to(torch::kCPU).clamp_min(1e-3).view({batch, 1});
  Tensor kernel = torch::exp(-0.5 * (place.view({1, taps}) / sigma).square());
  kernel = (kernel / kernel.sum(1, true)).to(patches.device());
  Tensor x = patches.transpose(0, 1);  // patches become channels, each with its own kernel
  for (std::size_t axis = 0; axis < 3; ++axis) {
    std::vector<std::int64_t> padding(6, 0), shape{batch, 1, 1, 1, 1};
    padding[2 * (2 - axis)] = padding[2 * (2 - axis) + 1] = blur_radius;
    shape[axis + 2] = taps;
    x = torch::conv3d(torch::replication_pad3d(x, padding), kernel.view(shape), /*bias=*/{}, /*stride=*/1,
                      /*padding=*/torch::IntArrayRef{0, 0, 0}, /*dilation=*/1, /*groups=*/batch);
  }
  return x.transpose(0, 1);
}

Tensor random_intensity(const Tensor& patches, const Strength& s, at::Generator& generator) {
  return changed_intensity(patches * 0.5 + 0.5, s, generator) * 2 - 1;
}

Tensor random_appearance(const Tensor& patches, const Strength& s, at::Generator& generator) {
  Tensor x = changed_intensity(patches * 0.5 + 0.5, s, generator);
  if (s.blur > 0) {
    const Tensor wanted = torch::rand({x.size(0)}, generator) < 0.5;
    const Tensor sigmas = uniform({x.size(0)}, 0, s.blur, generator);
    x = blurred(x, sigmas * wanted.to(torch::kFloat32));
  }
  if (s.resolution > 1) x = random_resolution(x, s.resolution, generator);
  return (x * 2 - 1).clamp(-1.0, 1.0);
}

Tensor random_noise(const Tensor& patches, const Strength& s, at::Generator& generator) {
  if (s.noise <= 0) return patches;
  const Tensor deviation = for_each_patch(patches, 0, 2 * s.noise, generator);
  const Tensor noise = torch::randn(patches.sizes(), generator).to(patches.device());
  return (patches + noise * deviation).clamp(-1.0, 1.0);
}

}  // namespace gdm::data
