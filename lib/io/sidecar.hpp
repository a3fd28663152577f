// Provenance: the JSON object that says how a file came about. It stands beside every written volume (BIDS-style
// sidecar FILE.json), in manifests and in the description of models and banks.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/json.hpp"
#include "io/nifti/nifti.hpp"
#include "sys/stopwatch.hpp"

namespace gdm {

/// One run of one tool. Host name and absolute paths are never recorded.
class Provenance {
 public:
  /// `argv` as typed; absolute paths in it are cut to their last component.
  Provenance(std::string tool, std::vector<std::string> argv);

  std::uint64_t seed = 0;
  int threads = 1;
  std::string device = "cpu";
  /// Versions of what libgdm-nn links, once it is loaded.
  Json network_libraries = Json::object();
  /// No time stamp, wall time or memory in files; also switched on by the environment variable SOURCE_DATE_EPOCH.
  bool reproducible = false;

  /// Records `word` in place of an argument whose text may identify somebody, such as a folder named after a patient.
  void hide_argument(const std::string& argument, const std::string& word);
  /// Remembers name, size and SHA-256 of an input or checkpoint. Safe to call from several threads. `use`, if not
  /// empty, stands beside them: `validation` for what was looked at and not learnt from.
  void add_source(const fs::path& path, const std::string& use = "");
  static constexpr const char* validation = "validation";
  /// The object: tool, version, git id, library versions, argv, seed, threads, device, sources, wall time, peak RSS.
  Json json() const;

 private:
  std::string tool_;
  std::vector<std::string> argv_;
  std::map<std::string, Json> sources_;
  Stopwatch watch_;
};

/// Largest amount of main memory that this process has held so far.
double peak_rss_mib();

/// Writes "a.json" beside "a.nii.gz": GeneratedBy, Sources (inputs, as paths relative to the volume's folder),
/// SpatialReference, gdm (provenance, clamped and non-finite counts, and `details`).
void write_sidecar(const fs::path& volume_path, const Provenance& provenance, const std::vector<fs::path>& sources,
                   const WriteReport& report, const Json& details, Overwrite overwrite);

/// What the computation of one volume took: from its inputs in memory to its voxels, without reading and writing.
struct Effort {
  std::optional<double> seconds;            ///< none from a reproducible run
  std::optional<std::int64_t> evaluations;  ///< network evaluations; 0 without a network
  std::optional<double> peak_memory_mb;     ///< 10^6 bytes, of the whole process up to then, without device memory
  std::string tool, device, model_sha256;   ///< empty if not known
};
/// Adds seconds (unless the run is reproducible) and evaluations to the `details` of write_sidecar().
void add_effort(Json& details, const Provenance& provenance, double seconds, std::int64_t evaluations);
/// The effort by the volume's sidecar; none if there is no sidecar or it says nothing of an effort. Throws Error if it
/// is not valid JSON.
std::optional<Effort> read_effort(const fs::path& volume_path);

/// The sidecar's path for a volume, and its content (null if there is none).
fs::path sidecar_path(const fs::path& volume_path);
Json read_sidecar(const fs::path& volume_path);

}  // namespace gdm
