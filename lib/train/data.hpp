// Training data: whole cases in memory, random windows from them.
#pragma once

#include <string>
#include <vector>

#include "image/volume.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"
#include "nn/generator.hpp"
#include "nn/windows.hpp"

namespace gdm::train {

using torch::Tensor;

/// One case, scaled for the network.
struct Sample {
  std::string id, patient;
  Grid grid;
  Tensor conditions;  ///< (C, D, H, W) float32; C = 0 when none were asked for
  Tensor target;      ///< (1, D, H, W) float32 in hu_map units, not clipped to the map's range
  Tensor mask;        ///< (1, D, H, W) uint8, 1 inside the patient
  Tensor foreground;  ///< (N) flat indices of voxels inside, evenly thinned to at most 65536
};

/// Reads one case. Throws Error naming the case if its volumes do not share a grid, the target is missing or the mask
/// is empty; the files read are added to `provenance`.
Sample load_sample(const Case& item, const std::vector<nn::GeneratorConfig::Condition>& conditions,
                   const nn::HuMap& hu_map, Provenance& provenance);
/// Reads several cases, with progress.
std::vector<Sample> load_samples(const std::vector<Case>& cases,
                                 const std::vector<nn::GeneratorConfig::Condition>& conditions, const nn::HuMap& hu_map,
                                 Provenance& provenance);

/// Flat indices of the voxels inside, evenly thinned to at most 65536.
Tensor foreground_indices(const Tensor& mask);
/// Throws Error naming the file if there is a NaN or an infinite voxel.
void require_finite(const Tensor& tensor, const fs::path& path);

/// SHA-256 over ids, voxels and masks: what "the same data" means to a checkpoint.
std::string data_digest(const std::vector<Sample>& samples);

/// Median over samples of the mean voxel edge.
double median_edge_mm(const std::vector<Sample>& samples);

/// The cases of a split that no earlier tool marked as failed (a warning counts those). Throws Error if none is left.
std::vector<Case> usable_cases(const Manifest& manifest, const std::string& split);

/// Windows of a batch, (B, C, w, w, w) each.
struct Batch {
  Tensor conditions, target, mask;
  std::vector<std::size_t> cases;  ///< index of each window's case
};

/// Draws windows centred near a random foreground voxel, each patient equally often; flips left-right half of the
/// time. Voxels beyond the volume are air and outside the mask. The draw of a step depends on (seed, step) alone.
class WindowSampler {
 public:
  WindowSampler(const std::vector<Sample>& samples, std::int64_t window, std::int64_t batch, std::uint64_t seed);
  Batch draw(std::int64_t step, torch::Device device) const;

 private:
  const std::vector<Sample>& samples_;
  std::vector<std::vector<std::size_t>> patients_;  ///< sample numbers of each patient
  std::int64_t window_, batch_;
  std::uint64_t seed_;
};

}  // namespace gdm::train
