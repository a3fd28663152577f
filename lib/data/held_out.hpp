// Held-out patients and what a training stands on: a bank, an encoder or first weights that were made from a patient of
// the val or test split would leak into what those splits measure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "io/json.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"

namespace gdm::data {

/// SHA-256 of all files that something was learnt from, as its description says: the sources of its provenance that did
/// not merely validate it, those of an encoder that it holds, and those that it inherited (`inherited_key`).
std::set<std::string> learnt_from(const Json& description);

class HeldOut {
 public:
  /// `allowed`: what leaks is a warning, not an error.
  HeldOut(const Manifest& manifest, bool allowed) : manifest_(manifest), allowed_(allowed) {}

  /// Throws Error if a target or input of a val or test case, whatever its name, is among what the file `path` with
  /// this description was learnt from. Digests are of files as they are: the same volume stored anew is not known.
  void check_files(const fs::path& path, const Json& description);
  /// The same by the names of patients.
  void check_patients(const fs::path& path, const std::vector<std::string>& patients) const;

  /// All digests that were checked: what is trained with these files has learnt from them, too.
  const std::set<std::string>& inherited() const { return inherited_; }

 private:
  void complain(const fs::path& path, const std::string& what) const;
  void read_digests();

  const Manifest& manifest_;
  bool allowed_;
  std::optional<std::map<std::string, std::string>> digests_;  ///< of files, what they are; hashed when first needed
  std::set<std::string> inherited_;
};

/// Where a model's description keeps HeldOut::inherited().
constexpr const char* inherited_key = "inherited_sources_sha256";

}  // namespace gdm::data
