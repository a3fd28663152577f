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

/// Where the patches of a volume lie, and how they blend.
struct Blend {
  std::array<Axis, 3> axes;
  Tensor weight;  ///< of the voxels of a patch

  Blend(c10::IntArrayRef sizes, const PatchPlan& plan, torch::Device device) {
    for (std::size_t a = 0; a < 3; ++a) axes[a] = plan_axis(sizes[a], plan.patch[a], plan, device);
    weight = axes[0].weights.view({-1, 1, 1}) * axes[1].weights.view({1, -1, 1}) * axes[2].weights.view({1, 1, -1});
  }
  std::int64_t patches() const {
    return static_cast<std::int64_t>(axes[0].starts.size() * axes[1].starts.size() * axes[2].starts.size());
  }
  /// Of the patches that begin at these slices.
  std::vector<PatchStart> starts(const std::vector<std::int64_t>& slices) const {
    std::vector<PatchStart> all;
    for (const std::int64_t d : slices) {
      for (const std::int64_t h : axes[1].starts) {
        for (const std::int64_t x : axes[2].starts) all.push_back({d, h, x});
      }
    }
    return all;
  }
};

std::unique_ptr<Progress> progress_of(const std::string& title, const Blend& blend) {
  return title.empty() ? nullptr : std::make_unique<Progress>(title, blend.patches(), "patch");
}

/// Samples patches group by group and adds them, weighted, to `sum`. It and the conditions begin at slice `first` of
/// the volume.
void add_patches(const TurnedView& sum, std::int64_t first, const PatchSource& conditions,
                 const std::vector<PatchStart>& starts, Sampler& sampler, const PatchPlan& plan, const Tensor& weight,
                 Progress* progress) {
  const model::PatchShape& shape = plan.patch;
  const torch::Device device = weight.device();
  const bool noisy = plan.noise != nullptr && plan.noise->channels() > 0;
  const auto held = [first](PatchStart start) {
    start[0] -= first;
    return start;
  };
  const std::int64_t at_once = plan.at_once > 0 ? plan.at_once : patches_at_once(shape, device);
  for (std::size_t begin = 0; begin < starts.size(); begin += static_cast<std::size_t>(at_once)) {
    throw_if_stop_requested();
    const std::size_t count = std::min(static_cast<std::size_t>(at_once), starts.size() - begin);
    std::vector<Tensor> patches;
    for (std::size_t n = 0; n < count; ++n) {
      const PatchStart& start = starts[begin + n];
      patches.push_back(conditions.patch(held(start), shape));
      if (noisy) patches.back() = torch::cat({patches.back(), nn::to_device(plan.noise->patch(start, shape), device)});
    }
    const std::int64_t group = patches_of_group(static_cast<std::int64_t>(count), at_once, device);
    patches.resize(static_cast<std::size_t>(group), patches.front());
    const Tensor made = sampler.sample(torch::stack(patches));
    const Tensor blended = made.view({-1, shape[0], shape[1], shape[2]}) * weight;
    for (std::size_t n = 0; n < count; ++n) {
      sum.add(held(starts[begin + n]), blended[static_cast<std::int64_t>(n)]);
      if (progress != nullptr) progress->advance();
    }
  }
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
  const Blend blend(conditions.sizes(), plan, device);
  const PatchSource on_device = conditions.on(device);
  TurnedView sum = out;
  // With the strides of `out`, or the way back would go through one more copy.
  if (!device.is_cpu()) sum.values = torch::empty_like(out.values, blend.weight.options());
  sum.values.zero_();
  const std::unique_ptr<Progress> progress = progress_of(progress_title, blend);
  add_patches(sum, 0, on_device, blend.starts(blend.axes[0].starts), sampler, plan, blend.weight, progress.get());
  if (evaluations != nullptr) *evaluations = blend.patches() * sampler.evaluations();
  for (std::size_t a = 0; a < 3; ++a) sum.multiply(a, blend.axes[a].normaliser);
  if (!device.is_cpu()) out.values.copy_(sum.values);
}

void slide_in_slabs(const TurnedView& slab, const PatchSource& conditions, std::int64_t depth, const SlabSteps& steps,
                    Sampler& sampler, const PatchPlan& plan, torch::Device device, const std::string& progress_title,
                    std::int64_t* evaluations) {
  const c10::InferenceMode inference;
  const auto sizes = conditions.sizes();
  const Blend blend({depth, sizes[1], sizes[2]}, plan, device);
  TurnedView sum = slab;
  if (!device.is_cpu()) sum.values = torch::empty_like(slab.values, blend.weight.options());
  sum.values.zero_();
  const std::unique_ptr<Progress> progress = progress_of(progress_title, blend);
  // What no later patch reaches is finished; the rest moves to the front.
  const auto finish = [&](std::int64_t first, std::int64_t end) {
    const std::int64_t count = end - first, left = sum.values.size(0) - count;
    const TurnedView done{sum.values.narrow(0, 0, count), sum.backward};
    done.multiply(0, blend.axes[0].normaliser.narrow(0, first, count));
    for (const std::size_t axis : {1, 2}) done.multiply(axis, blend.axes[axis].normaliser);
    if (!device.is_cpu()) slab.values.narrow(0, 0, count).copy_(done.values);
    steps.take(count);
    for (std::int64_t n = 0; n < left; ++n) sum.values[n].copy_(sum.values[n + count]);  // one by one, as they overlap
    sum.values.narrow(0, left, count).zero_();
  };
  const std::vector<std::int64_t>& starts = blend.axes[0].starts;
  for (std::size_t n = 0; n < starts.size(); ++n) {
    const std::int64_t first = std::max<std::int64_t>(0, starts[n]);
    if (n > 0) finish(starts[n - 1], first);
    steps.advance(first);
    add_patches(sum, first, conditions.on(device), blend.starts({starts[n]}), sampler, plan, blend.weight,
                progress.get());
  }
  finish(std::max<std::int64_t>(0, starts.back()), depth);
  if (evaluations != nullptr) *evaluations = blend.patches() * sampler.evaluations();
}

}  // namespace gdm::synth
