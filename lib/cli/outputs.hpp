// What a run writes, held against all that it reads: --force replaces old outputs, never a source.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/manifest.hpp"

namespace gdm::cli {

/// What one run reads. Files are added by their paths; "" and "-" are nothing.
struct RunInputs {
  std::vector<fs::path> files;
  std::vector<const Manifest*> manifests;  ///< every file that they name counts, whether the run opens it or not
};

/// Throws Error (Exit::usage) if two of `outputs` are one file, or if one of them is an input, also under another name
/// (links): one of the files, one that a manifest names, or the sidecar or other half of such a volume. "" and "-"
/// are skipped.
void refuse_outputs_that_are_read(const RunInputs& inputs, const std::vector<fs::path>& outputs);

/// A volume with its sidecar, as outputs.
void add_volume(std::vector<fs::path>& outputs, const fs::path& volume);

/// Throws Error with Exit::usage for "-", and for a folder that is or lies in one of `inputs`, which would read it
/// again.
void refuse_folder_inside(const fs::path& folder, const std::vector<fs::path>& inputs);

}  // namespace gdm::cli
