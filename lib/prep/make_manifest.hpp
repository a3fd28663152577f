// A manifest of the cases that lie in folders: what `gdm-prep manifest` does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/manifest.hpp"
#include "prep/layout.hpp"
#include "prep/split.hpp"

namespace gdm::prep {

struct ManifestOptions {
  std::vector<fs::path> folders;    ///< or the patterns:
  std::vector<std::string> inputs;  ///< "NAME=PATTERN"
  std::string target, mask;         ///< patterns, or ""
  LayoutOptions layout;
  std::string incomplete = "refuse";  ///< "refuse", "skip" or "keep" cases that lack a file which others have
  std::string task;                   ///< "": sparse-ct without an image among the inputs, else mr2ct
  std::string split;                  ///< see parse_split(); "" for none
  bool split_by_folder = false;
  std::uint64_t seed = 0;
};

struct MadeManifest {
  Manifest manifest;
  std::vector<fs::path> read;  ///< files that were read, beside the names of all others
};

/// Cases in the order of the folders, then of their ids. What was recognised, left out and not used is said on stderr.
/// A case is incomplete if it lacks a file that another case of the same FOLDER and folder split has. Throws Error for
/// an id that is found twice, for incomplete cases that are refused (after a line for each), for names that are not
/// UTF-8, and as the layouts do.
MadeManifest make_manifest(const ManifestOptions& options);

}  // namespace gdm::prep
