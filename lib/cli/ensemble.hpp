// What a CT is the mean of: predictions of one generator or of several, of draws of each, of mirror images and of
// shifts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "engine/compute.hpp"
#include "engine/generator.hpp"
#include "io/json.hpp"
#include "model/consistency.hpp"

namespace gdm::cli {

struct EnsembleOptions {
  std::vector<fs::path> models;  ///< of several the mean is taken
  std::int64_t draws = 1;        ///< of each model, of which the mean is taken
  bool flips = false;            ///< the mean with what the mirror image gives
  std::int64_t shifts = 0;       ///< so many times more, with patches that begin elsewhere
  bool resample = true;          ///< volumes of other voxels than a model's are brought to them, and the CT back
  engine::SynthOptions patches;
  std::int64_t memory_bytes = 0;  ///< that the process may take; 0: what it needs
  bool bank = false;              ///< the CT is held against a bank afterwards
};

class Ensemble {
 public:
  /// Loads the models. Throws Error (Exit::usage) for models that do not take the same inputs or are not followed by
  /// the same iterations, for draws of one without noise, and for evaluations or a solver where none has_process().
  Ensemble(const EnsembleOptions& options, const engine::Compute& compute);

  const std::vector<std::string>& condition_names() const { return first().condition_names(); }
  const engine::Synthesizer& first() const { return *models_.front(); }
  const std::vector<std::unique_ptr<engine::Synthesizer>>& models() const { return models_; }
  /// Whether data consistency follows the network, so that the sinogram of each case is needed.
  bool needs_rays() const { return consistency_.iterations > 0; }
  bool has_memory_limit() const { return memory_bytes_ > 0; }
  /// Whether one of them is a flow, a bridge or a diffusion, whose evaluations can be chosen.
  bool has_process() const;
  /// The most that a model of them takes.
  std::int64_t noise_channels() const;
  /// How many predictions a CT is the mean of: models, draws, mirror images and shifts of each.
  std::int64_t members() const;
  /// The digest of the model, or the list of those of several.
  Json digests_json() const;
  /// What the model was trained by, or those of several: names of --objective, null where a model does not say.
  Json objectives_json() const;
  /// How many predictions of which kinds; null if there is one.
  Json mean_json() const;
  /// The grids, each once, that the models' volumes are brought to and the CT back from (model/trained_voxels.hpp), if
  /// the options let them. Throws Error for voxels that one of the models refuses.
  std::vector<Grid> working_grids(const Grid& grid) const;

  struct Subject {
    std::string title;     ///< begins messages
    std::string draw;      ///< names the noise
    std::string progress;  ///< title of a bar; empty: none
    fs::path sinogram;     ///< of needs_rays()
  };
  struct Prediction {
    Volume hu;
    Volume deviation;  ///< standard deviation of the predictions, if asked for
    std::int64_t evaluations = 0;
    Json details = Json::object();  ///< what a sidecar tells of it: "resampled", "consistency"
  };
  /// MiB that the process needs at its peak for a case on this grid: what it had at its peak when the models were open,
  /// what a group of patches took, which it samples for that, and the volumes. For dry runs, where no volume was read.
  /// `slabs`: of what predict_slabs() makes.
  double peak_mib(const Grid& grid, bool with_deviation, bool slabs);
  /// Whether whole volumes on this grid would not fit into `memory_bytes` with the smallest group of patches, and a
  /// prediction can do without them.
  bool in_slabs(const Grid& grid, bool with_deviation) const;
  /// Slices that predict_slabs() holds of each volume.
  std::int64_t slab_slices(const Grid& grid) const { return first().slab_slices(grid); }
  /// On the grid of the conditions. One prediction is held at a time. Throws Error if even the smallest group of
  /// patches would need more than `memory_bytes`.
  Prediction predict(const std::vector<Volume>& conditions, const Subject& subject, bool with_deviation) const;
  /// The same of what in_slabs() says, slice by slice, with the same values. Returns the evaluations.
  std::int64_t predict_slabs(const engine::SliceStreams& streams, const Subject& subject) const;
  /// Throws Error if not even slabs leave the process within `memory_bytes`; chooses how many patches go together.
  void fit_slabs_into_memory(const std::string& title, const Grid& grid) const {
    fit_into_memory(title, slabs_mib(grid), "");
  }
  /// What predict() would warn of for the voxels of a volume, whose `title` begins the messages.
  void warn_of_voxels(const std::string& title, const Grid& grid) const;

 private:
  /// `property` of the model, or the list of those of several.
  template <class Property>
  Json of_models(Property property) const;
  std::optional<Grid> working_grid(const engine::Synthesizer& model, const Grid& grid) const;
  /// Of the model that needs the most.
  double volumes_mib(const Grid& grid, bool with_deviation) const;
  double volumes_mib(const Grid& grid, const std::optional<Grid>& working, bool with_deviation) const;
  /// What a prediction in slabs holds.
  double slabs_mib(const Grid& grid) const;
  /// Whether the smallest group of patches fits beside so many MiB of volumes.
  bool fits(double volumes_mib) const;
  /// What keeps a volume on this grid from being made in slabs; empty if they would need no less, or nothing here does.
  std::string why_whole(const Grid& grid) const;
  /// Patches that go through a network together, as many as leave the process within its memory. `whole`: why_whole(),
  /// empty if it is not.
  void fit_into_memory(const std::string& title, double volumes_mib, const std::string& whole) const;
  /// A warning of voxels that do not fit the model and stay as they are.
  void warn_of_misfit(const engine::Synthesizer& model, const std::string& title, const Grid& grid) const;
  /// A warning of volumes that fill less than half of a patch.
  void warn_of_air(const engine::Synthesizer& model, const std::string& title, const Grid& seen) const;
  /// A line of what becomes of volumes whose voxels do not fit the model, and a warning of those that fill less than
  /// half of a patch; `title` begins them.
  void say_voxels(const engine::Synthesizer& model, const std::string& title, const Grid& grid,
                  const std::optional<Grid>& working) const;
  /// Predictions of one model, handed on one by one; `made` counts those of all.
  void predict_each(engine::Synthesizer& model, const std::vector<Volume>& conditions, const Subject& subject,
                    std::int64_t& made, Prediction& told, const std::function<void(Volume)>& use) const;

  std::vector<std::unique_ptr<engine::Synthesizer>> models_;
  model::RayConsistency consistency_;
  std::int64_t memory_bytes_;
  double patches_peak_mib_ = 0;  ///< after a group of so many patches, once peak_mib() asked
  std::int64_t sampled_patches_ = 0;
  double base_mib_ = 0,
         patch_mib_ = 0;  ///< with memory_bytes_: what a run takes but for volumes and patches, and what a patch adds
  std::int64_t most_at_once_ = 0, least_at_once_ = 0;  ///< with memory_bytes_: patches of a group
  std::int64_t draws_, shifts_;
  bool flips_, resample_, bank_;
};

/// Throws Error (Exit::usage) of draws of a model at `path` that has no noise_channels().
[[noreturn]] void refuse_equal_draws(const engine::Synthesizer& model, const fs::path& path);

/// The draw of a case with this id that sample n of it has, from 1.
std::string sample_name(const std::string& id, std::int64_t sample);

}  // namespace gdm::cli
