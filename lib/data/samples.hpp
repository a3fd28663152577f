// Training data: whole cases in memory, random patches from them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "data/patch_changes.hpp"
#include "image/volume.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"
#include "nn/generator_config.hpp"
#include "nn/volume_tensors.hpp"
#include "sys/sha256.hpp"

namespace gdm::data {

using torch::Tensor;

/// One case, scaled for the network.
struct Sample {
  std::string id, patient;
  Grid grid;
  Tensor conditions;  ///< (C, D, H, W) float32; C = 0 when none were asked for
  Tensor target;      ///< (1, D, H, W) float32 in hu_map units, not clipped to the map's range
  Tensor mask;        ///< (1, D, H, W) uint8, 1 inside the patient
  Tensor foreground;  ///< (N) foreground_indices() of the mask
};

/// Reads one case. Throws Error naming the case if its volumes do not share a grid, the target is missing or the mask
/// is empty; the files read are added to `provenance` with this `use`.
Sample load_sample(const Case& item, const std::vector<nn::GeneratorConfig::Condition>& conditions,
                   const nn::HuMap& hu_map, Provenance& provenance, const std::string& use = "");
/// The same for a case whose files are among the sources already.
Sample load_sample_again(const Case& item, const std::vector<nn::GeneratorConfig::Condition>& conditions,
                         const nn::HuMap& hu_map);
/// Reads several cases, with progress.
std::vector<Sample> load_samples(const std::vector<Case>& cases,
                                 const std::vector<nn::GeneratorConfig::Condition>& conditions, const nn::HuMap& hu_map,
                                 Provenance& provenance, const std::string& use = "");

/// Throws Error naming the file if there is a NaN or an infinite voxel.
void require_finite(const Tensor& tensor, const fs::path& path);

/// SHA-256 over ids, voxels and masks: what "the same data" means to a checkpoint.
class DataDigest {
 public:
  void add(const Sample& sample);
  std::string hex() { return digest_.hex(); }

 private:
  Sha256 digest_;
};
std::string data_digest(const std::vector<Sample>& samples);

/// Median over samples of the mean voxel edge.
double median_edge_mm(const std::vector<Sample>& samples);

/// The cases of a split that no earlier tool marked as failed (a warning counts those). Throws Error if none is left.
std::vector<Case> usable_cases(const Manifest& manifest, const std::string& split);

/// Where a patch comes from.
struct PatchPlace {
  std::size_t sample = 0;                   ///< number of the case
  std::array<std::int64_t, 3> start_dhw{};  ///< its first voxel; may lie before the volume
  bool flipped = false;                     ///< along W, after it was cut

  bool operator==(const PatchPlace& other) const {
    return sample == other.sample && start_dhw == other.start_dhw && flipped == other.flipped;
  }
};

/// Patches of a batch, (B, C, D, H, W) each.
struct Batch {
  Tensor conditions, target, mask;
  Tensor host_mask;                ///< the mask in the host's memory, wherever the others are
  std::vector<PatchPlace> places;  ///< of each patch
};

/// Draws patches near a random foreground voxel (data/placement.hpp), each patient equally often whatever their number
/// of cases; flips left-right half of the time, which is anatomically honest for this axis alone, and commutes with
/// acquisitions whose views lie evenly. Voxels beyond the volume are air and outside the mask. The draw of a step
/// depends on (seed, step) alone, and what changes a patch besides on (seed, step, place in the batch). draw() may be
/// called by several threads at once.
class PatchSampler {
 public:
  /// Cuts the patch of a case: its number, (D, H, W) of the first voxel, shape.
  using Cut = std::function<CutPatch(std::size_t, const std::array<std::int64_t, 3>&, const model::PatchShape&)>;

  PatchSampler(const std::vector<Sample>& samples, const model::PatchShape& patch, std::int64_t batch,
               std::uint64_t seed);
  /// Cases whose volumes `cut` knows; the samples' own are not used, their grids are.
  PatchSampler(const std::vector<Sample>& headers, Cut cut, const model::PatchShape& patch, std::int64_t batch,
               std::uint64_t seed, PatchChanges changes);
  Batch draw(std::int64_t step, torch::Device device) const;

 private:
  struct Place {
    Tensor foreground;
    std::array<std::int64_t, 3> shape_dhw;
    std::array<double, 3> spacing_dhw_mm;
  };
  void group_patients(const std::vector<Sample>& samples);

  std::vector<Place> places_;
  std::vector<std::vector<std::size_t>> patients_;  ///< case numbers of each patient
  Cut cut_;
  model::PatchShape patch_;
  std::int64_t batch_;
  std::uint64_t seed_;
  PatchChanges changes_;
};

}  // namespace gdm::data
