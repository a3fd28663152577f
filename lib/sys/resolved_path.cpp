#include "sys/resolved_path.hpp"

namespace gdm {

namespace fs = std::filesystem;

fs::path resolved_path(const fs::path& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path.empty() ? fs::path(".") : path);
  fs::path result = fs::weakly_canonical(absolute, error);
  if (error) result = absolute.lexically_normal();
  return result.has_filename() ? result : result.parent_path();
}

}  // namespace gdm
