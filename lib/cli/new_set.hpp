// Batches that write a new volume for each volume of their cases: FOLDER/ID/NAME.nii.gz and a manifest of them. Shared
// by `gdm-prep resample` and `reorient`.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "cli/batch.hpp"

namespace gdm::cli {

struct NewSet {
  fs::path input, output;
  BatchOptions batch;
};

/// What is done to one case; see run_new_set().
struct CaseStep {
  std::function<void(const Manifest&)> accept;  ///< refuses options that do not fit the manifest; may be null
  std::string title;                            ///< of the progress
  std::function<std::vector<fs::path>(const Case&)> outputs;  ///< volumes that will be written
  std::vector<fs::path> reads;                                ///< files that are read beside those of the manifest
  std::function<std::vector<fs::path>(const Case&)> beside;   ///< what else is written, without a sidecar; may be null
  std::function<std::string(const Case&)> plan;               ///< checks what headers tell; a line for --dry-run
  std::function<void(Case&, const Provenance&)> work;
};

/// The positional, -o and the options of a batch.
void add_new_set_options(CLI::App& command, NewSet& set);

/// "-", or a name of a NIfTI file.
bool is_volume_name(const fs::path& path);

/// One volume goes in and one comes out: the input is no manifest, or standard input and the output is a volume.
bool is_single(const NewSet& set);
/// What single volumes need: names of volumes, an output that is no input and may be written.
void check_single(const NewSet& set, const std::vector<fs::path>& others, Overwrite overwrite);

/// Applies the step to every case of the batch, after a check of all outputs: none may exist unless it is replaced, nor
/// be a file that the manifest names, whatever the options say. Writes the manifest to FOLDER, and to stdout if that is
/// no terminal. Returns the exit code.
int run_new_set(const Program& program, const NewSet& set, const CaseStep& step);

}  // namespace gdm::cli
