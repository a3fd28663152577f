// Manifests of shards: "manifest-I-of-N.json" of one folder are the parts of one manifest. All of them together are
// called "manifest-*-of-N.json", a name that stands wherever a manifest's path does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/manifest.hpp"

namespace gdm {

/// "manifest.json", or "manifest-I-of-N.json" for count > 0.
std::string manifest_name(std::size_t number, std::size_t count);

/// A manifest as a command line names it: [NAME=]PATH.
struct NamedManifest {
  std::string name;  ///< empty: none given
  fs::path path;
};

/// The same with parts replaced by the one name of all parts; everything else stays. A path with "*" that is no file
/// stands for the files that match it. Throws Error (Exit::usage) if of a batch a part is given twice, or not at all,
/// or under two names.
std::vector<NamedManifest> fold_parts(const std::vector<NamedManifest>& given);

/// The files behind a path that fold_parts() gave: itself, or all parts in order.
std::vector<fs::path> part_files(const fs::path& path);

/// read_manifest() of a path that fold_parts() gave. Parts are joined in the order of the manifest that they were cut
/// from. Throws Error if they are not of one batch: made from other sources, with a case in two of them, or not each
/// as long as its place says.
Manifest read_whole_manifest(const fs::path& path);

}  // namespace gdm
