// The patches of one volume as a bank sees them, and their feature rows: shared by building, verifying and querying, so
// that all three get the same rows from the same case.
//
// A patch is drawn as a training draws one (data/placement.hpp) and then a view of it as the drift draws one
// (data::View), from volumes with air outside the mask, as the drift sees them: real patches of a training have the
// distribution of a bank's.
//
// Everything drawn depends on (seed, case id) alone: neither the place in the manifest nor other cases matter.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bank/collection.hpp"
#include "bank/levels.hpp"
#include "bank/regions.hpp"
#include "data/samples.hpp"
#include "image/volume.hpp"

namespace gdm::bank {

/// A volume ready for patches: axes D, H, W to superior, anterior and right, resampled if a spacing was asked for.
struct BankVolume {
  std::string id, patient;
  Tensor image;                         ///< (1, D, H, W) float32 in `units`, air outside the mask
  Tensor mask;                          ///< (1, D, H, W) uint8
  Tensor foreground;                    ///< (N) foreground_indices() of the mask
  std::array<double, 3> superior_mm{};  ///< towards the head, for a step along D, H, W
  std::array<double, 2> extent_mm{};    ///< of the mask along the superior-inferior axis
  double edge_mm = 0;                   ///< mean voxel edge
  std::string anatomy = "any", user;    ///< strata that come from the case
};

/// image (1, D, H, W) in units, mask the same shape, on `grid`, whose axes i, j, k run to the right, to anterior and
/// to superior (nn::turned_for_network()). spacing_mm 0: voxels stay as they are; else nn/resample.hpp.
BankVolume bank_volume(const Tensor& image, const Tensor& mask, const Grid& grid, double spacing_mm);
/// A case of a manifest with its strata.
BankVolume bank_volume(const Case& item, const BankRecipe& recipe, const nn::HuMap& units, Provenance& provenance);

/// Rows of one patch and key.
struct PatchRows {
  std::string key;
  Tensor vectors;     ///< (n, C) float32 on the device
  Tensor priorities;  ///< (n) int64
  std::int64_t patch = 0;
  Stratum stratum;
};

/// Where the time went.
struct ForwardTime {
  double wall_s = 0, cpu_s = 0;  ///< in the encoder's forward pass; cpu: of the calling thread
};

enum class PatchLevels { all, upright };

/// Draws `recipe.patches_per_case` patches, sends each through the encoder as it stands and as the drift turned it,
/// several in a forward pass, and hands out the rows. Upright and global rows all; of the others up to
/// tokens_per_patch for each key, from inside the patient.
void for_each_patch(const nn::FrozenEncoder& encoder, const BankVolume& volume, const BankRecipe& recipe,
                    const nn::HuMap& units, torch::Device device, PatchLevels levels,
                    const std::function<void(PatchRows&&)>& sink, ForwardTime* time = nullptr);

/// Upright rows of cubes of `edge` voxels at these starts: (starts, C) of each key.
std::map<std::string, Tensor> upright_rows(const nn::FrozenEncoder& encoder, const BankVolume& volume,
                                           const std::vector<PatchStart>& starts, std::int64_t edge,
                                           const nn::HuMap& units, torch::Device device);

}  // namespace gdm::bank
