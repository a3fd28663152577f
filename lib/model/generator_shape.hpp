// What follows from a generator's description alone: its size, cost and reach; and the sizes that are on offer. Needs
// no network library and no weights, so it is known of every model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/json.hpp"
#include "model/patch_shape.hpp"

namespace gdm::model {

/// What decides how large the network is (nn/generator.hpp builds it).
struct GeneratorShape {
  std::vector<std::int64_t> widths;
  std::int64_t blocks = 1;
  std::int64_t input_channels = 1;  ///< conditions and noise, or what a process adds
  std::int64_t time_width = 0;      ///< of a process; else 0

  std::int64_t parameters() const;
  /// Edge in voxels of the cube that convolutions let one output voxel see. Group normalisation lets it see the mean of
  /// the whole patch besides.
  std::int64_t receptive_field_voxels() const;
  /// 10^9 multiplications and additions of the convolutions for one patch forward. A training step needs three times
  /// as many for each of its patches.
  double gflop(const PatchShape& patch) const;
};

/// The shape of "generator" in a model's description; what older files do not say is what was built then. Throws Error
/// for numbers that no generator has.
GeneratorShape generator_shape(const Json& generator);

/// {"parameters", "receptive_field_voxels", "gflop_per_patch"} of "generator" in a model's description.
Json generator_figures(const Json& generator);

/// Values of options of gdm-drift-train that go together.
struct GeneratorPreset {
  std::string name;
  std::vector<std::int64_t> widths;
  std::int64_t blocks, patch, batch;
};
/// small: two CPU cores; base: the default; large: a GPU of a data centre.
const std::vector<GeneratorPreset>& generator_presets();
/// Throws Error for an unknown name.
const GeneratorPreset& generator_preset(const std::string& name);

}  // namespace gdm::model
