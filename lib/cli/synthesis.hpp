// What gdm-synth and `gdm-recon gdm` share: a trained generator applied to cases.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/acquisition_check.hpp"
#include "cli/app.hpp"
#include "cli/batch.hpp"
#include "cli/conditions.hpp"
#include "cli/ensemble.hpp"
#include "engine/bank.hpp"
#include "io/json.hpp"

namespace gdm::cli {

struct SynthesisOptions {
  EnsembleOptions ensemble;
  std::string dtype = "int16", solver = "euler", precision = "fp32";
  std::string resample = "auto";  ///< or never: EnsembleOptions::resample
  bool any_acquisition = false;   ///< a scan unlike those of the training is no error
  bool replace = false;           ///< existing outputs, as with --force
  std::string memory;             ///< bytes_from_text(); empty: what it needs
  fs::path bank;                  ///< of real features: outputs far from it are reported; empty: none
};

/// Where a synthesis goes.
struct SynthesisOutputs {
  fs::path ct;
  fs::path spread{};    ///< standard deviation of what `ct` is the mean of; empty: none
  fs::path bank_map{};  ///< engine::DistanceMap of the CT, in the bank of the options; empty: none

  /// Those that are written, the CT first.
  std::vector<fs::path> files() const;
};

/// What is synthesised, beside its volumes.
struct SynthesisSubject {
  std::string draw;          ///< names the noise of a model that has noise channels
  std::string patient;       ///< whose own entries of a bank do not count; empty: nobody's
  std::string progress;      ///< title of a bar; empty: none
  std::optional<Mask> mask;  ///< of the body; none: found in the CT where it is needed
  Json details;              ///< for the sidecar, beside what a synthesis tells; an object
  fs::path sinogram;         ///< one of the sources, for a model that needs rays
};

/// --model, --any-acquisition, --patch, --overlap, --nfe, --solver, --precision, --dtype, --resample, --memory, --bank.
void add_synthesis_options(CLI::App& command, SynthesisOptions& options);

/// A generator, or an ensemble of them, and how its predictions are written.
class Synthesis {
 public:
  /// Loads the models and adds them to `provenance`, which must outlive this object. Throws Error (Exit::usage) for
  /// models that do not take the same inputs, and for draws of one without noise.
  Synthesis(const Program& program, const SynthesisOptions& options, Provenance& provenance);

  const std::vector<std::string>& condition_names() const { return ensemble_.condition_names(); }
  const Ensemble& ensemble() const { return ensemble_; }
  /// What run() reads of a case: the inputs, then "sinogram" if the ensemble needs rays.
  std::vector<std::string> wanted_names() const;
  /// Throws Error unless the case has the inputs and, with its mask, on one grid by their headers; `output` may be
  /// written, and the model may be given the scans behind those that are reconstructions.
  void check(const Case& item, const fs::path& output);
  /// AcquisitionCheck::check for each model.
  void check_acquisition(const std::string& input, const Json& acquisition, const std::string& name);
  const Json& description() const { return ensemble_.first().description(); }
  /// What all outputs of this run depend on, which parts of one batch must agree in.
  Json options_json() const;
  /// The recipe of an output (resume.hpp): `sources` as for predict(), `more` options beside those of the synthesis.
  Json recipe(const std::string& work, std::vector<fs::path> sources, const std::optional<fs::path>& mask,
              const std::string& draw, Json more = Json::object()) const;
  /// recipe() of what run() makes.
  Json case_recipe(const Case& item) const;
  /// Reads the case's inputs, predicts, writes the volume and its sidecar. A case without an id is one volume, whose
  /// mask must be on its grid even if nothing here needs it.
  void run(const Case& item, const SynthesisOutputs& outputs) { read(item, outputs)()(); }
  /// Whether several cases of a batch may overlap: not on one thread, and not where the memory of one was limited.
  bool overlaps() const;
  /// run() in parts (Batch::run()): reads, and returns what predicts, which returns what writes.
  Batch::Computing read(const Case& item, const SynthesisOutputs& outputs) const;
  /// The same for conditions in memory that come from `sources`: predicts, and returns what writes.
  Batch::Saving predict(const std::vector<Volume>& conditions, const std::vector<fs::path>& sources,
                        const SynthesisOutputs& outputs, const SynthesisSubject& subject) const;
  /// What a dry run prints of the model, and of a case, whose headers it reads. Throws Error if its inputs do not share
  /// a grid. `overlapped`: the case before is still written and the next is read, each taken to be as large.
  std::string plan() const;
  std::string plan(const Case& item, const SynthesisOutputs& outputs, bool overlapped);
  /// Ensemble::peak_mib() of a case without a spread whose volumes are held as a whole.
  double peak_mib(const Grid& grid) { return ensemble_.peak_mib(grid, false, false); }

 private:
  /// Of files alone: what comes through a pipe is looked at once.
  void check_headers(const Case& item) const;
  /// require_scale() for models of an ensemble that learnt from other values than the first, whose inputs were read.
  void require_scales_of_others(const std::vector<Volume>& conditions, const std::vector<fs::path>& sources) const;
  /// Whether the mask of a case is read: where its body counts, and where the user names one.
  bool sees_mask(const Case& item, const SynthesisOutputs& outputs) const;
  /// What messages about an output and about an input begin with.
  static std::string title_of(const fs::path& output);
  static std::string source_title(const fs::path& source);
  SynthesisSubject subject_of(const Case& item) const;
  /// Whether the case is made slice by slice, as its volumes do not fit into --memory (Ensemble::in_slabs()).
  bool in_slabs(const Case& item, const SynthesisOutputs& outputs) const;
  /// read() and predict() of such a case, whose CT is written meanwhile and is there once that is saved.
  Batch::Computing stream(const Case& item, const SynthesisOutputs& outputs) const;
  /// What a sidecar tells of every prediction.
  Json told(const SynthesisSubject& subject, double seconds, std::int64_t evaluations) const;
  void write_record(const fs::path& output, const std::vector<fs::path>& sources, const WriteReport& report,
                    const Json& told) const;
  /// options_, and the digests of models and bank.
  Json options_and_files() const;
  /// What the inputs of the next case and the outputs of the one before take, of cases on this grid.
  double neighbours_mib(const Grid& grid, const SynthesisOutputs& outputs) const;
  /// Writes what predict() made, with sidecars that tell `told`.
  void save(const std::string& title, const std::vector<fs::path>& sources, const SynthesisOutputs& outputs,
            const Json& told, const Volume& ct_hu, const Volume& deviation_hu, const Volume& bank_map) const;
  std::vector<fs::path> sources_of(const Case& item) const;
  std::vector<ConditionFile> condition_files(const Case& item) const;
  /// Scores of the output and of inputs in HU against the bank; one warning for what is out of distribution. `map` gets
  /// that of the output if it is not null.
  Json outliers(const std::string& title, const std::string& patient, const Mask& mask, const Volume& predicted,
                const std::vector<Volume>& conditions, Volume* map) const;

  std::unique_ptr<engine::FeatureBank> bank_;  ///< null without --bank; opened first, as --memory counts it
  Ensemble ensemble_;
  AcquisitionCheck acquisitions_;
  VoxelType type_;
  Overwrite overwrite_;
  std::uint64_t seed_;
  Json options_;  ///< those that an output depends on
  Provenance& provenance_;
};

/// Puts `samples` cases ID_s1, ID_s2, ... of the same patient in the place of each: one for each draw. One sample
/// leaves the manifest as it is. Throws Error if that makes an id twice.
void repeat_cases(Manifest& manifest, std::int64_t samples);

/// DIR/ID_pred.nii.gz, DIR/ID_spread.nii.gz, DIR/ID_bank.nii.gz
fs::path prediction_path(const fs::path& folder, const Case& item);
fs::path spread_path(const fs::path& folder, const Case& item);
fs::path bank_map_path(const fs::path& folder, const Case& item);

}  // namespace gdm::cli
