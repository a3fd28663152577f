// What the commands of gdm-recon share: one volume or every case of a manifest, checks first, outputs entered into the
// manifest that is written.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "cli/batch.hpp"
#include "io/json.hpp"
#include "io/manifest.hpp"

namespace gdm::cli {

struct ReconOptions {
  fs::path input, output;
  BatchOptions batch;
};

/// What a command does to one case. The rest (volume or manifest, checks, loop) is run_step().
struct ReconStep {
  bool from_sidecar = false;                    ///< the source means nothing without the file beside it
  bool is_prediction = false;                   ///< the output is the case's prediction instead of inputs.NAME
  std::string name;                             ///< output of case ID: ID_NAME.nii.gz, inputs.NAME
  std::function<fs::path(const Case&)> source;  ///< what a case is made from
  std::function<void(const fs::path&)> accept;  ///< refuses by the sidecar alone, before any case is made; may be null
  std::function<void(const fs::path&)> check;   ///< reads headers only; for --dry-run
  /// What the output depends on (cli/resume.hpp); it stands in the sidecar that make() writes.
  std::function<Json(const fs::path& source, const std::string& id)> recipe;
  std::function<void(const fs::path& source, const fs::path& output, const std::string& id)> make;
  Json options;                  ///< that all outputs of a run depend on; parts of one batch must agree in them
  std::vector<fs::path> reads;   ///< files that the run opens besides, which no output may replace
  std::vector<fs::path> writes;  ///< files that it makes besides
};

/// A step whose sources are sinograms.
ReconStep sinogram_step(const std::string& name);
/// The geometry stands beside the sinogram.
std::vector<fs::path> with_sidecar(const fs::path& sinogram);

Overwrite overwrite_of(const Program& program, const ReconOptions& options);
int run_step(Program& program, const ReconOptions& options, const ReconStep& step);

/// A command of FILE|MANIFEST and -o, with the options of a batch; `options` must outlive it.
CLI::App& add_recon_command(Program& program, ReconOptions& options, const std::string& name,
                            const std::string& description, unsigned has, const std::string& input,
                            std::function<int()> run);

}  // namespace gdm::cli
