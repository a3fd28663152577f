// Generators at the door: volumes from volumes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "image/volume.hpp"
#include "io/json.hpp"
#include "model/patch_shape.hpp"

namespace gdm::engine {

/// A trained generator.
class Synthesizer {
 public:
  virtual ~Synthesizer() = default;
  /// Names of the condition volumes that the model expects, in order, such as {"mr"} or {"fbp"}.
  virtual const std::vector<std::string>& condition_names() const = 0;
  virtual const Json& description() const = 0;
  virtual const std::string& digest() const = 0;
  /// HU on the grid of the conditions (all the same grid); one network evaluation per patch, Gaussian blending. The
  /// noise of a model with noise channels depends on the seed, `draw` (such as a case's id) and the place of a voxel
  /// in the volume turned to RAS. `progress_title` empty: no progress display.
  virtual Volume predict(const std::vector<Volume>& conditions, const std::string& draw,
                         const std::string& progress_title) = 0;
  /// Network evaluations of the last predict().
  virtual std::int64_t evaluations() const = 0;
};

struct SynthOptions {
  std::optional<model::PatchShape> patch;  ///< a multiple of the model's coarsest stride; none: as it was trained
  double overlap = 0.25;                   ///< fraction of the patch shared with its neighbour
};

}  // namespace gdm::engine
