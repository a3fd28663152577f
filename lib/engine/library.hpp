// How the libraries that libgdm loads itself are opened.
#pragma once

#include <filesystem>
#include <string>

namespace gdm::engine {

/// Where `name` ("libgdm-nn.so") would lie: beside libgdm, since a name without a folder would be looked for in places
/// that others may write. Throws Error if that place is unknown.
std::filesystem::path library_path(const std::string& name);

/// Opens the library and calls its function `entry`, const void*(const char* door), with the fingerprint of this
/// build's headers. Returns what it gave. Throws Error, which calls the library `what` ("the network library"), if it
/// cannot be loaded or gives nothing, as it does for another fingerprint.
const void* open_library(const std::string& name, const char* entry, const std::string& what);

}  // namespace gdm::engine
