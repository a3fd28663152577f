// What gdm-synth and `gdm-recon gdm` share: a trained generator applied to cases.
#pragma once

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
  fs::path model;
  std::string dtype = "int16";
  std::string resample = "auto";  ///< or never: volumes of other voxels than the model's stay on their grid
  engine::SynthOptions patches;
  bool any_acquisition = false;  ///< a scan unlike those of the training is no error
  bool replace = false;          ///< existing outputs, as with --force
  fs::path bank;                 ///< of real features: outputs far from it are reported; empty: none
};

/// --model, --any-acquisition, --patch, --overlap, --dtype, --resample, --bank.
void add_synthesis_options(CLI::App& command, SynthesisOptions& options);

/// A generator, and how its predictions are written.
class Synthesis {
 public:
  /// Loads the model and adds it to `provenance`, which must outlive this object.
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
  /// The recipe of an output (resume.hpp): `sources` as for write(), `more` options beside those of the synthesis.
  Json recipe(const std::string& work, std::vector<fs::path> sources, const std::optional<fs::path>& mask,
              const std::string& draw, Json more = Json::object()) const;
  /// recipe() of what run() makes.
  Json case_recipe(const Case& item) const;
  /// Reads the case's inputs, predicts, writes the volume and its sidecar. A case without an id is one volume, whose
  /// mask must be on its grid even if nothing here needs it.
  void run(const Case& item, const fs::path& output);
  /// The same for conditions in memory that come from `sources`. `draw` names the noise of a model that has noise
  /// channels; without a mask the predicted body is compared with the bank. `details` go to the sidecar with the rest.
  /// `sinogram`: one of the sources, for a model that needs_rays().
  void write(const std::vector<Volume>& conditions, const std::vector<fs::path>& sources, const fs::path& output,
             const std::string& draw, const std::string& progress_title, const std::optional<Mask>& mask = {},
             Json details = Json::object(), const fs::path& sinogram = {});
  /// What a dry run prints of the model, and of a case, whose headers it reads. Throws Error if its inputs do not share
  /// a grid.
  std::string plan() const;
  std::string plan(const Case& item, const fs::path& output) const;

 private:
  std::vector<fs::path> sources_of(const Case& item) const;
  /// The grid that volumes on `grid` are brought to and the CT back from (model/trained_voxels.hpp), if the options let
  /// them.
  std::optional<Grid> working_grid(const Grid& grid) const;
  /// One line of what becomes of volumes whose voxels do not fit the model; `title` begins it.
  void say_voxels(const std::string& title, const Grid& grid, const std::optional<Grid>& working) const;
  std::vector<ConditionFile> condition_files(const Case& item) const;
  /// Throws Error for a sinogram that is not there, or of another scan than those of the training.
  void check_sinogram(const fs::path& sinogram);
  /// Scores of the output and of inputs in HU against the bank; one warning for what is out of distribution.
  Json outliers(const std::string& id, const Mask& mask, const Volume& predicted,
                const std::vector<Volume>& conditions) const;

  std::unique_ptr<engine::Synthesizer> model_;
  model::RayConsistency consistency_;
  std::unique_ptr<engine::FeatureBank> bank_;  ///< null without --bank
  VoxelType type_;
  Overwrite overwrite_;
  std::uint64_t seed_;
  Json options_;  ///< those that an output depends on
  bool any_acquisition_, resample_;
  std::set<std::string> differences_;  ///< that a warning has named
  Provenance& provenance_;
};

/// Puts `samples` cases ID_s1, ID_s2, ... of the same patient in the place of each: one for each draw. One sample
/// leaves the manifest as it is. Throws Error if that makes an id twice.
void repeat_cases(Manifest& manifest, std::int64_t samples);

/// DIR/ID_pred.nii.gz
fs::path prediction_path(const fs::path& folder, const Case& item);

}  // namespace gdm::cli
