// Generators at the door: volumes from volumes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/compute.hpp"
#include "image/volume.hpp"
#include "io/json.hpp"
#include "model/patch_shape.hpp"
#include "model/process.hpp"

namespace gdm::engine {

/// Where patches begin: `place` of `places` parts of the way from one patch to the next before the volume. With place 0
/// the first begins where the volume does, and the last ends where it ends.
struct PatchShift {
  std::int64_t place = 0, places = 1;
};

/// Volumes that are never in memory as a whole, slice by slice of their last axis from the first on.
struct SliceStreams {
  Grid grid;                                                                        ///< of all of them
  std::function<void(std::size_t condition, std::int64_t slices, float* to)> read;  ///< the next of a condition
  std::function<void(std::int64_t slices, const float* hu)> take;                   ///< the next of the CT
};

/// A trained generator.
class Synthesizer {
 public:
  virtual ~Synthesizer() = default;
  /// Names of the condition volumes that the model expects, in order, such as {"mr"} or {"fbp"}.
  virtual const std::vector<std::string>& condition_names() const = 0;
  virtual const Json& description() const = 0;
  virtual const std::string& digest() const = 0;
  /// HU on the grid of the conditions (all the same grid); one network evaluation per patch, or those of its process,
  /// and Gaussian blending. The noise of a model that takes some depends on the seed, `draw` (such as a case's id) and
  /// the place of a voxel in the volume turned to RAS. `progress_title` empty: no progress display.
  virtual Volume predict(const std::vector<Volume>& conditions, const std::string& draw,
                         const std::string& progress_title, const PatchShift& shift = {}) = 0;
  /// Whether predict_slabs() can make a volume on this grid: its slices are the network's, from the first on, and no
  /// condition is scaled by what it holds as a whole.
  virtual bool makes_slabs(const Grid& grid) const = 0;
  /// How many slices predict_slabs() holds of each condition and of the output.
  virtual std::int64_t slab_slices(const Grid& grid) const = 0;
  /// As predict(), with the same values. The caller has seen to conditions in HU that they are.
  virtual void predict_slabs(const SliceStreams& streams, const std::string& draw,
                             const std::string& progress_title) = 0;
  /// Volumes of noise that a draw takes; 0: the model gives one output for each input.
  virtual std::int64_t noise_channels() const = 0;
  /// Network evaluations of the last predict() or predict_slabs().
  virtual std::int64_t evaluations() const = 0;
  /// At how many places, a voxel apart, the patches of an axis can begin: the largest PatchShift::places.
  virtual std::int64_t patch_places() const = 0;
  /// Patches of a volume on this grid.
  virtual std::int64_t patches_of(const Grid& grid) const = 0;
  /// Whether a volume on this grid fills at least half of a patch along each axis.
  virtual bool fills_half_a_patch(const Grid& grid) const = 0;
  /// How many patches predict() takes through the network together. It chooses by itself until it is told.
  virtual std::int64_t patches_at_once() const = 0;
  virtual void set_patches_at_once(std::int64_t patches) = 0;
  /// Samples so many patches of air together, for what the network itself needs: the process's peak of memory after it.
  virtual double peak_mib_of_patches(std::int64_t patches) = 0;
};

/// How the image of a process is made (model/process.hpp); nothing to a model of one step.
/// Of processes; other models take one evaluation whatever is asked.
struct Sampling {
  std::int64_t evaluations = 0;  ///< of the network; 0: as the model says
  model::Solver solver = model::Solver::euler;
};

struct SynthOptions {
  Sampling sampling;
  Precision precision = Precision::fp32;   ///< of the network; its last convolution and the blending are fp32
  std::optional<model::PatchShape> patch;  ///< a multiple of the model's coarsest stride; none: as it was trained
  double overlap = 0.25;                   ///< fraction of the patch shared with its neighbour
};

}  // namespace gdm::engine
