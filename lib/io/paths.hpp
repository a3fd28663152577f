// Relative paths for manifests and sidecars.
#pragma once

#include <filesystem>
#include <string>

namespace gdm {

/// `path` as seen from `folder` ("" is the working folder), with "/" between the parts. Both folders are resolved
/// first, so that ".." is right behind symbolic links; a link that is the file itself keeps its name.
std::string path_from(const std::filesystem::path& folder, const std::filesystem::path& path);

}  // namespace gdm
