#include "synth/sliding_window.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "nn/host.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

namespace gdm::synth {
namespace {

struct Axis {
  std::vector<std::int64_t> starts;
  Tensor weights;     ///< (w)
  Tensor normaliser;  ///< (extent): 1 / sum of the weights of all patches at each voxel
};

Axis plan_axis(std::int64_t extent, std::int64_t patch, const PatchPlan& plan, torch::Device device) {
  Axis axis;
  axis.starts = patch_starts(extent, patch, plan.overlap, plan.shift);
  const std::vector<float> weights = patch_weights(patch);
  std::vector<double> sum(static_cast<std::size_t>(extent), 0.0);
  for (const std::int64_t start : axis.starts) {
    for (std::int64_t i = 0; i < patch; ++i) {
      if (start + i >= 0 && start + i < extent)
        sum[static_cast<std::size_t>(start + i)] += weights[static_cast<std::size_t>(i)];
    }
  }
  axis.weights = nn::to_device(torch::tensor(weights), device);
  axis.normaliser = nn::to_device(torch::tensor(sum).reciprocal().to(torch::kFloat32), device);
  return axis;
}

}  // namespace

std::int64_t patches_at_once(const model::PatchShape& patch, torch::Device device) {
  const std::int64_t voxels = (device.is_cpu() ? 2 : 16) * 48 * 48 * 48;
  return std::max<std::int64_t>(1, voxels / patch.voxels());
}

std::int64_t patches_of_group(std::int64_t count, std::int64_t at_once, torch::Device device) {
  return device.is_cpu() && count == 1 && at_once > 1 ? 2 : count;
}

std::int64_t patch_stride(std::int64_t patch, double overlap) {
  return std::max<std::int64_t>(1, std::llround(static_cast<double>(patch) * (1.0 - overlap)));
}

std::vector<std::int64_t> patch_starts(std::int64_t extent, std::int64_t patch, double overlap,
                                       const engine::PatchShift& shift) {
  const std::int64_t stride = patch_stride(patch, overlap);
  std::vector<std::int64_t> starts;
  if (shift.place > 0) {
    for (std::int64_t start = -(stride * shift.place / shift.places); starts.empty() || starts.back() + patch < extent;
         start += stride) {
      starts.push_back(start);
    }
    return starts;
  }
  if (extent <= patch) return {(extent - patch) / 2};
  const std::int64_t last = extent - patch;
  const std::int64_t count = (last + stride - 1) / stride + 1;
  // Evenly spread, so that no pair of patches overlaps much more than the others.
  for (std::int64_t n = 0; n < count; ++n) starts.push_back(count == 1 ? 0 : last * n / (count - 1));
  return starts;
}

std::vector<float> patch_weights(std::int64_t patch) {
  constexpr double least = 1e-3;
  const double centre = 0.5 * static_cast<double>(patch - 1), deviation = static_cast<double>(patch) / 8.0;
  std::vector<float> weights;
  for (std::int64_t i = 0; i < patch; ++i) {
    const double z = (static_cast<double>(i) - centre) / deviation;
    weights.push_back(static_cast<float>(std::max(least, std::exp(-0.5 * z * z))));
  }
  return weights;
}

Tensor slide(const PatchSource& conditions, Sampler& sampler, const PatchPlan& plan, torch::Device device,
             const std::string& progress_title, std::int64_t* evaluations) {
  const Tensor out = torch::empty(conditions.sizes(), torch::kFloat32);
  slide_into({out, {}}, conditions, sampler, plan, device, progress_title, evaluations);
  return out;
}

void slide_into(const TurnedView& out, const PatchSource& conditions, Sampler& sampler, const PatchPlan& plan,
                torch::Device device, const std::string& progress_title, std::int64_t* evaluations) {
  const c10::InferenceMode inference;
  const model::PatchShape& shape = plan.patch;
  const bool noisy = plan.noise != nullptr && plan.noise->channels() > 0;
  std::array<Axis, 3> axes;
  for (std::size_t a = 0; a < 3; ++a) axes[a] = plan_axis(conditions.sizes()[a], shape[a], plan, device);
  const Tensor weight =
      axes[0].weights.view({-1, 1, 1}) * axes[1].weights.view({1, -1, 1}) * axes[2].weights.view({1, 1, -1});
  const PatchSource on_device = conditions.on(device);
  TurnedView sum = out;
  // With the strides of `out`, or the way back would go through one more copy.
  if (!device.is_cpu()) sum.values = torch::empty_like(out.values, weight.options());
  sum.values.zero_();
  const auto total = static_cast<std::int64_t>(axes[0].starts.size() * axes[1].starts.size() * axes[2].starts.size());
  std::unique_ptr<Progress> progress;
  if (!progress_title.empty()) progress = std::make_unique<Progress>(progress_title, total, "patch");
  std::vector<PatchStart> starts;
  for (const std::int64_t d : axes[0].starts) {
    for (const std::int64_t h : axes[1].starts) {
      for (const std::int64_t x : axes[2].starts) starts.push_back({d, h, x});
    }
  }
  const std::int64_t at_once = plan.at_once > 0 ? plan.at_once : patches_at_once(shape, device);
  for (std::size_t first = 0; first < starts.size(); first += static_cast<std::size_t>(at_once)) {
    throw_if_stop_requested();
    const std::size_t count = std::min(static_cast<std::size_t>(at_once), starts.size() - first);
    std::vector<Tensor> patches;
    for (std::size_t n = 0; n < count; ++n) {
      patches.push_back(on_device.patch(starts[first + n], shape));
      if (noisy) {
        patches.back() =
            torch::cat({patches.back(), nn::to_device(plan.noise->patch(starts[first + n], shape), device)});
      }
    }
    const std::int64_t group = patches_of_group(static_cast<std::int64_t>(count), at_once, device);
    patches.resize(static_cast<std::size_t>(group), patches.front());
    const Tensor made = sampler.sample(torch::stack(patches));
    const Tensor blended = made.view({-1, shape[0], shape[1], shape[2]}) * weight;
    for (std::size_t n = 0; n < count; ++n) {
      sum.add(starts[first + n], blended[static_cast<std::int64_t>(n)]);
      if (progress) progress->advance();
    }
  }
  if (evaluations != nullptr) *evaluations = total * sampler.evaluations();
  for (std::size_t a = 0; a < 3; ++a) sum.multiply(a, axes[a].normaliser);
  if (!device.is_cpu()) out.values.copy_(sum.values);
}

}  // namespace gdm::synth
