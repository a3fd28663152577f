#include "sys/share.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "sys/error.hpp"

namespace gdm {

namespace fs = std::filesystem;

fs::path share_folder() {
  const char* chosen = std::getenv("GDM_SHARE");
  if (chosen != nullptr && *chosen != '\0') return chosen;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  return (program.parent_path() / ".." / "share" / "gdm").lexically_normal();
}

fs::path shared_file(const std::string& name, const std::string& kind, const std::string& suffix) {
  std::error_code error;
  if (name.find_first_of("/.") != std::string::npos || fs::is_regular_file(name, error)) return name;
  const fs::path folder = share_folder() / kind, path = folder / (name + suffix);
  if (fs::is_regular_file(path, error)) return path;
  std::vector<std::string> there;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == suffix) there.push_back(entry.path().stem().string());
  }
  std::sort(there.begin(), there.end());
  std::string list;
  for (const std::string& known : there) list += (list.empty() ? "" : ", ") + known;
  throw Error("'" + name + "' is neither a file nor one of the " + kind + " in " + folder.string() + ": there is " +
                  (list.empty() ? "none" : list),
              Exit::usage);
}

}  // namespace gdm
