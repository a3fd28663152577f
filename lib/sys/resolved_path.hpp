// Where a path leads once links are followed, whether or not it exists.
#pragma once

#include <filesystem>

namespace gdm {

/// Absolute, links followed as far as the path exists, the rest as written, without "." and ".." and a slash at the
/// end.
std::filesystem::path resolved_path(const std::filesystem::path& path);

}  // namespace gdm
