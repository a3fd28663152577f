// Folders need not exist: what does is resolved, the rest is taken as written.
#include "io/paths.hpp"

namespace gdm {
namespace {

namespace fs = std::filesystem;

fs::path resolved(const fs::path& folder) {
  std::error_code error;
  const fs::path absolute = fs::absolute(folder.empty() ? fs::path(".") : folder);
  fs::path result = fs::weakly_canonical(absolute, error);
  if (error) result = absolute.lexically_normal();
  return result.has_filename() ? result : result.parent_path();
}

}  // namespace

std::string path_from(const fs::path& folder, const fs::path& path) {
  const fs::path file = resolved(path.parent_path()) / path.filename();
  return file.lexically_proximate(resolved(folder)).generic_string();
}

}  // namespace gdm
