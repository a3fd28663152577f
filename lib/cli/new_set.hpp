// Batches that write a new volume for each volume of their cases: FOLDER/ID/NAME.nii.gz and a manifest of them. Shared
// by the commands of gdm-prep that make volumes.
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

  /// What the volumes may replace.
  Overwrite overwrite(const Program& program) const { return batch.overwrite(program.standard().overwrite()); }
};

/// What is done to one case; see run_new_set().
struct CaseStep {
  std::function<void(const Manifest&)> accept;  ///< refuses options that do not fit the manifest; may be null
  std::string title;                            ///< of the progress
  std::function<std::vector<fs::path>(const Case&)> sources;  ///< volumes of the case that are read
  std::function<std::vector<fs::path>(const Case&)> outputs;  ///< volumes that will be written
  std::vector<fs::path> reads;                                ///< files that are read beside those of the manifest
  std::function<std::vector<fs::path>(const Case&)> beside;   ///< what else is written, without a sidecar; may be null
  Json options = Json::object();                              ///< that the volumes depend on (resume.hpp)
  /// Why --resume makes the volumes of a case again though they are whole, "" if it need not; may be null.
  std::function<std::string(const Case&)> objection;
  std::function<std::string(const Case&)> plan;     ///< checks what headers tell; a line for --dry-run
  bool reads_in_dry_run = false;                    ///< where that takes little of the time of the work
  std::function<double(const Case&)> memory_bytes;  ///< of volumes held at once, by their headers
  std::function<void(const Case&, const Provenance&)> work;
  std::function<void(Case&)> enter;  ///< the outputs into the case, whether they were made or kept
};

/// The positional, -o and the options of a batch.
void add_new_set_options(CLI::App& command, NewSet& set);

/// "-", or a name of a NIfTI file.
bool is_volume_name(const fs::path& path);

/// One volume goes in and one comes out: the input is no manifest, or standard input and the output is a volume.
bool is_single(const NewSet& set);
/// What single volumes need: names of volumes, an output that is no input and may be written.
void check_single(const NewSet& set, const std::vector<fs::path>& others, Overwrite overwrite);

/// Applies the step to every case of the batch, after a check of all files: sources must be there, and outputs must not
/// unless they are replaced, nor be a file that the manifest names, whatever the options say. Writes the manifest to
/// FOLDER, and to stdout if that is no terminal. Returns the exit code.
int run_new_set(const Program& program, const NewSet& set, const CaseStep& step);

/// Voxels by the header, together and of the largest.
double voxels_of(const std::vector<fs::path>& volumes);
double most_voxels_of(const std::vector<fs::path>& volumes);
/// "about 12 MiB of volumes"
std::string memory_text(double bytes);

}  // namespace gdm::cli
