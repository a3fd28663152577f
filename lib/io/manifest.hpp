// Manifests: the JSON (or JSON-lines) list of cases that the tools pass to one another. Schema in
// share/gdm/manifest.schema.json.
//
// Paths in a file are relative to the folder of that file ("-": to the working folder). Here they are held resolved,
// and made relative again when written. Unknown keys survive a pass through a tool; the order of cases is kept.
// As JSON lines, a first line may state the number of cases ("cases": N): without it a file that was cut at the end of
// a line cannot be told from a whole one.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/json.hpp"
#include "sys/atomic_file.hpp"

namespace gdm {

namespace fs = std::filesystem;
struct Case {
  std::string id;
  std::string split;                       ///< "train", "val", "test", or "" where the manifest gives none
  std::map<std::string, fs::path> inputs;  ///< condition volumes by name: "mr", "fbp", "sinogram", "labels", ...
  std::optional<fs::path> target;          ///< the real CT
  std::optional<fs::path> mask;            ///< body mask; tools derive one from the target where it is missing
  std::optional<fs::path> prediction;      ///< written by gdm-synth and gdm-recon
  std::optional<std::string> error;        ///< why this case failed in an earlier tool
  Json meta = Json::object();
  Json extra = Json::object();  ///< unknown keys
  std::size_t number = 0;       ///< in the file that it was read from, counted from 1; 0 for a case that was not read
  std::size_t line = 0;         ///< on which it begins there; 0 where that is not known

  /// "cases.json:143: case 12 'hn031'" for messages about the manifest `file`.
  std::string place(const std::string& file) const;
  /// Patient for split checks and bank caps: meta.patient if given, else the id.
  std::string patient() const;
  /// A value of meta as text; `otherwise` if there is none.
  std::string meta_text(const std::string& key, const std::string& otherwise) const;
  /// inputs.at(name), or an Error that lists the names there are.
  const fs::path& input(const std::string& name) const;
};

struct Manifest {
  std::string task;  ///< "mr2ct", "sparse-ct", ...
  std::vector<Case> cases;
  Json provenance = Json::object();
  Json extra = Json::object();

  /// What split() takes: train, val, test and all.
  static const std::vector<std::string>& split_names();
  /// The cases of one split, in order; all cases for "all". Throws Error naming the splits there are when it is empty.
  std::vector<Case> split(const std::string& name) const;
};

/// Whether a manifest's splits are taken, or left out as if no case had one, for a reader that draws them anew.
enum class Splits { kept, dropped };

/// Reads and validates a manifest; "-" is standard input. Errors name line and case: "cases.json:143: case 12 'hn031':
/// ...". Rejected: duplicate ids, a patient in two splits, wrong types, an unknown version, in JSON lines another
/// number of cases than the first line states. Files named are not opened.
Manifest read_manifest(const fs::path& path, Splits splits = Splits::kept);
/// The same for text in memory; relative paths are resolved against `folder`, and messages call the text `name`.
Manifest parse_manifest(const std::string& text, const fs::path& folder, const std::string& name = "manifest",
                        Splits splits = Splits::kept);

/// JSON text with paths relative to `folder`, ending in a newline.
std::string manifest_text(const Manifest& manifest, const fs::path& folder);
/// Writes atomically; "-" is standard output.
void write_manifest(const fs::path& path, const Manifest& manifest, Overwrite overwrite);

}  // namespace gdm
