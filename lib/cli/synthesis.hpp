// What gdm-synth and `gdm-recon gdm` share: a trained generator applied to cases.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "cli/batch.hpp"
#include "cli/conditions.hpp"
#include "engine/bank.hpp"
#include "engine/generator.hpp"
#include "io/json.hpp"
#include "model/consistency.hpp"

namespace gdm::cli {

struct SynthesisOptions {
  std::vector<fs::path> models;  ///< of several the mean is taken
  std::int64_t draws = 1;        ///< of each model, of which the mean is taken
  bool flips = false;            ///< the mean with what the mirror image gives
  std::string dtype = "int16", solver = "euler";
  std::string resample = "auto";  ///< or never: volumes of other voxels than the model's stay on their grid
  engine::SynthOptions patches;
  bool any_acquisition = false;  ///< a scan unlike those of the training is no error
  bool replace = false;          ///< existing outputs, as with --force
  fs::path bank;                 ///< of real features: outputs far from it are reported; empty: none
};

/// Where a synthesis goes.
struct SynthesisOutputs {
  fs::path ct;
  fs::path spread;  ///< standard deviation of what `ct` is the mean of; empty: none
};

/// --model, --any-acquisition, --patch, --overlap, --nfe, --solver, --dtype, --resample, --bank.
void add_synthesis_options(CLI::App& command, SynthesisOptions& options);

/// A generator, or an ensemble of them, and how its predictions are written.
class Synthesis {
 public:
  /// Loads the models and adds them to `provenance`, which must outlive this object. Throws Error (Exit::usage) for
  /// models that do not take the same inputs, and for draws of one without noise.
  Synthesis(const Program& program, const SynthesisOptions& options, Provenance& provenance);

  const std::vector<std::string>& condition_names() const { return model_->condition_names(); }
  /// Whether data consistency follows the network, so that the sinogram of each case is needed.
  bool needs_rays() const { return consistency_.iterations > 0; }
  /// What run() reads of a case: the inputs, then "sinogram" if it needs_rays().
  std::vector<std::string> wanted_names() const;
  /// Throws Error unless the case has the inputs, `output` may be written, and the model may be given the scans behind
  /// those that are reconstructions.
  void check(const Case& item, const fs::path& output);
  /// Throws Error for a scan that differs from those of the training (model/acquisition.hpp) unless the options let it
  /// pass; warns of what differs less or is not known, once for the same difference. `input`: which of the model's it
  /// is; `name` begins both messages.
  void check_acquisition(const std::string& input, const Json& acquisition, const std::string& name);
  const Json& description() const { return model_->description(); }
  /// What all outputs of this run depend on, which parts of one batch must agree in.
  Json options_json() const;
  std::int64_t noise_channels() const;
  /// How many predictions a CT is the mean of: models, draws, and mirror images of each.
  std::int64_t members() const;
  /// The recipe of an output (resume.hpp): `sources` as for write(), `more` options beside those of the synthesis.
  Json recipe(const std::string& work, std::vector<fs::path> sources, const std::optional<fs::path>& mask,
              const std::string& draw, Json more = Json::object()) const;
  /// recipe() of what run() makes.
  Json case_recipe(const Case& item) const;
  /// Reads the case's inputs, predicts, writes the volume and its sidecar. A case without an id is one volume, whose
  /// mask must be on its grid even if nothing here needs it.
  void run(const Case& item, const SynthesisOutputs& outputs);
  /// The same for conditions in memory that come from `sources`. `draw` names the noise of a model that has noise
  /// channels; without a mask the predicted body is compared with the bank. `details` go to the sidecar with the rest.
  /// `sinogram`: one of the sources, for a model that needs_rays().
  void write(const std::vector<Volume>& conditions, const std::vector<fs::path>& sources,
             const SynthesisOutputs& outputs, const std::string& draw, const std::string& progress_title,
             const std::optional<Mask>& mask = {}, Json details = Json::object(), const fs::path& sinogram = {});
  /// What a dry run prints of the model, and of a case, whose headers it reads. Throws Error if its inputs do not share
  /// a grid.
  std::string plan() const;
  std::string plan(const Case& item, const fs::path& output) const;

 private:
  std::vector<fs::path> sources_of(const Case& item) const;
  /// The grid that volumes on `grid` are brought to and the CT back from (model/trained_voxels.hpp), if the options let
  /// them.
  std::optional<Grid> working_grid(const engine::Synthesizer& model, const Grid& grid) const;
  /// One line of what becomes of volumes whose voxels do not fit the model; `title` begins it.
  void say_voxels(const engine::Synthesizer& model, const std::string& title, const Grid& grid,
                  const std::optional<Grid>& working) const;
  /// What one run of write() makes, and what the sidecar tells of it.
  struct Making {
    std::string title, draw, progress_title;
    fs::path sinogram;
    Json details;
    std::int64_t evaluations = 0, made = 0;
  };
  /// Predictions of one model on the grid of the conditions, handed on one by one.
  void predict(engine::Synthesizer& model, const std::vector<Volume>& conditions, Making& making,
               const std::function<void(Volume)>& use) const;
  /// The models' mean, and the standard deviation if `deviation` is not null.
  Volume mean(const std::vector<Volume>& conditions, Making& making, Volume* deviation) const;
  Json digests_json() const;
  void check_acquisition(const engine::Synthesizer& model, const std::string& input, const Json& acquisition,
                         const std::string& name);
  std::vector<ConditionFile> condition_files(const Case& item) const;
  /// Throws Error for a sinogram that is not there, or of another scan than those of the training.
  void check_sinogram(const fs::path& sinogram);
  /// Scores of the output and of inputs in HU against the bank; one warning for what is out of distribution.
  Json outliers(const std::string& id, const Mask& mask, const Volume& predicted,
                const std::vector<Volume>& conditions) const;

  std::unique_ptr<engine::Synthesizer> model_;                ///< the first
  std::vector<std::unique_ptr<engine::Synthesizer>> others_;  ///< of an ensemble
  model::RayConsistency consistency_;
  std::unique_ptr<engine::FeatureBank> bank_;  ///< null without --bank
  VoxelType type_;
  Overwrite overwrite_;
  std::uint64_t seed_;
  Json options_;  ///< those that an output depends on
  std::int64_t draws_;
  bool flips_;
  bool any_acquisition_, resample_;
  std::set<std::string> differences_;  ///< that a warning has named
  Provenance& provenance_;
};

/// The draw of a case with this id that sample n of it has, from 1.
std::string sample_name(const std::string& id, std::int64_t sample);

/// Puts `samples` cases ID_s1, ID_s2, ... of the same patient in the place of each: one for each draw. One sample
/// leaves the manifest as it is. Throws Error if that makes an id twice.
void repeat_cases(Manifest& manifest, std::int64_t samples);

/// DIR/ID_pred.nii.gz, DIR/ID_spread.nii.gz
fs::path prediction_path(const fs::path& folder, const Case& item);
fs::path spread_path(const fs::path& folder, const Case& item);

}  // namespace gdm::cli
