// Whole volumes from a sampler that makes patches: Gaussian blending, one patch shape, memory for the input and the
// output, on the device, and nothing that grows with the number of patches.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/generator.hpp"
#include "nn/noise.hpp"
#include "synth/sampler.hpp"
#include "synth/turned_view.hpp"

namespace gdm::synth {

using torch::Tensor;

struct PatchPlan {
  model::PatchShape patch = 48;
  double overlap = engine::SynthOptions().overlap;  ///< part of a patch that it shares with the next, in [0, 0.9]
  const nn::NoiseField* noise = nullptr;            ///< appended to each patch; null or without channels: none
  engine::PatchShift shift{};                       ///< of where patches begin
  std::int64_t at_once = 0;                         ///< patches that go through the network together; 0: by itself
};

/// From one patch to the next, at most.
std::int64_t patch_stride(std::int64_t patch, double overlap);

/// First voxels of the patches of `patch` voxels along an axis: the first starts at 0, the last ends at `extent`; one
/// centred patch (negative start) if the axis is shorter than the patch. With a shift they start that far before 0, a
/// stride apart, until they cover the axis.
std::vector<std::int64_t> patch_starts(std::int64_t extent, std::int64_t patch, double overlap,
                                       const engine::PatchShift& shift = {});

/// Blending weight along one axis of a patch: a Gaussian of standard deviation patch / 8 around its centre, at least
/// 1e-3.
std::vector<float> patch_weights(std::int64_t patch);

/// Patches that go through the network together: small ones in groups, which keeps their convolutions on LibTorch's
/// fast path (measured: a single patch of 48 voxels takes the slow one in 1.13); large ones alone. On a GPU more, as it
/// has more to keep busy.
std::int64_t patches_at_once(const model::PatchShape& patch, torch::Device device);

/// Of a group of `count` where `at_once` are usual: a single one that is left goes with itself on a CPU, since alone it
/// would take the slow path, and more memory than two.
std::int64_t patches_of_group(std::int64_t count, std::int64_t at_once, torch::Device device);

/// The conditions lie on the CPU; the sampler gets groups of patches of them on `device`, with the noise of their
/// place. Input and output lie on `device` meanwhile, and nothing waits for it before the end. Returns the blended (D,
/// H, W) on the CPU. `evaluations` gets those of the network; may be null. The weights are a product over the axes, and
/// so is their sum over the patches, so that no weight volume is kept. Patches beyond the volume see air.
/// `progress_title` empty: silent. Throws StopRequested.
Tensor slide(const PatchSource& conditions, Sampler& sampler, const PatchPlan& plan, torch::Device device,
             const std::string& progress_title, std::int64_t* evaluations);
/// The same into voxels that lie on the CPU, overwritten: beside them a CPU needs no memory that grows with the volume.
void slide_into(const TurnedView& out, const PatchSource& conditions, Sampler& sampler, const PatchPlan& plan,
                torch::Device device, const std::string& progress_title, std::int64_t* evaluations);

/// What slide_in_slabs() asks for.
struct SlabSteps {
  std::function<void(std::int64_t first)> advance;  ///< the conditions begin at this slice from now on
  std::function<void(std::int64_t count)> take;     ///< the slab's first slices are finished; then it moves on
};

/// The same, with the same values, for volumes of `depth` slices (network axis D) of which the conditions and `slab`,
/// on the CPU, hold as many as a patch has, or all if that is fewer. Without a shift in the plan.
void slide_in_slabs(const TurnedView& slab, const PatchSource& conditions, std::int64_t depth, const SlabSteps& steps,
                    Sampler& sampler, const PatchPlan& plan, torch::Device device, const std::string& progress_title,
                    std::int64_t* evaluations);

}  // namespace gdm::synth
