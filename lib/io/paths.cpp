// Folders need not exist: what does is resolved, the rest is taken as written.
#include "io/paths.hpp"

#include "sys/resolved_path.hpp"

namespace gdm {

namespace fs = std::filesystem;

std::string path_from(const fs::path& folder, const fs::path& path) {
  const fs::path file = resolved_path(path.parent_path()) / path.filename();
  return file.lexically_proximate(resolved_path(folder)).generic_string();
}

}  // namespace gdm
