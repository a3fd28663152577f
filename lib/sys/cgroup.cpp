// A line of /proc/self/cgroup is "ID:CONTROLLERS:PATH" (v2: "0::PATH"). The path counts from the root of the hierarchy,
// and in a container only a part of that may be mounted, which mountinfo tells.
#include "sys/cgroup.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace gdm {
namespace {

namespace fs = std::filesystem;

/// A hierarchy as it is mounted: where, and which of its groups is seen there.
struct Mount {
  Mount(fs::path where, fs::path which) : place(std::move(where)), group(std::move(which)) {}
  fs::path place, group;
};

/// "cpu,cpuacct" or "rw,memory" has `word`.
bool has_word(const std::string& list, const std::string& word) {
  std::istringstream words(list);
  for (std::string part; std::getline(words, part, ',');) {
    if (part == word) return true;
  }
  return false;
}

/// Where hierarchies are mounted below /sys/fs/cgroup if nothing says it.
std::vector<std::string> usual_folders(const std::string& controller) {
  if (controller.empty()) return {"", "unified"};
  if (controller == "cpu") return {"cpu", "cpu,cpuacct"};
  return {controller};
}

/// `controller` is "memory", "cpu", or "" for v2. Lines of mountinfo: ID PARENT DEVICE GROUP PLACE OPTIONS... - TYPE
/// SOURCE SUPER_OPTIONS.
std::vector<Mount> mounts_of(const std::string& controller, const fs::path& root) {
  std::vector<Mount> mounts;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    const auto dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream front(line), back(line.substr(dash + 3));
    std::string skipped, group, place, type, options;
    front >> skipped >> skipped >> skipped >> group >> place;
    back >> type >> skipped >> options;
    const bool wanted = controller.empty() ? type == "cgroup2" : type == "cgroup" && has_word(options, controller);
    if (wanted) mounts.emplace_back(root / fs::path(place).relative_path(), group);
  }
  if (!mounts.empty()) return mounts;
  const fs::path usual = root / "sys/fs/cgroup";
  for (const std::string& name : usual_folders(controller)) mounts.emplace_back(usual / name, "/");
  return mounts;
}

/// The group as seen from the mount; the mount's own where it lies outside.
fs::path group_below(const Mount& mount, const fs::path& group) {
  const fs::path below = group.lexically_relative(mount.group);
  return below.empty() || below == "." || *below.begin() == ".." ? fs::path() : below;
}

/// Calls read(FOLDER) for the group and all above it up to the mount.
template <class Read>
void for_each_group(const std::string& controller, const fs::path& group, const fs::path& root, const Read& read) {
  for (const Mount& mount : mounts_of(controller, root)) {
    for (fs::path below = group_below(mount, group);; below = below.parent_path()) {
      read(mount.place / below);
      if (below.empty()) break;
    }
  }
}

void read_memory(const fs::path& file, CgroupLimits& limits) {
  std::ifstream stream(file);
  std::uint64_t bytes = 0;
  if (stream >> bytes) limits.memory_bytes = std::min(limits.memory_bytes, bytes);  // "max" is no number
}

void add_cpus(double quota, double period, CgroupLimits& limits) {
  if (quota > 0 && period > 0) limits.cpus = std::min(limits.cpus, quota / period);
}

void read_v2(const fs::path& folder, CgroupLimits& limits) {
  read_memory(folder / "memory.max", limits);
  std::ifstream file(folder / "cpu.max");
  double quota = 0, period = 0;
  if (file >> quota >> period) add_cpus(quota, period, limits);
}

void read_v1_cpu(const fs::path& folder, CgroupLimits& limits) {
  std::ifstream quota_file(folder / "cpu.cfs_quota_us"), period_file(folder / "cpu.cfs_period_us");
  double quota = 0, period = 0;
  if (quota_file >> quota && period_file >> period) add_cpus(quota, period, limits);
}

}  // namespace

CgroupLimits cgroup_limits(const fs::path& root) {
  CgroupLimits limits;
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) {
      for_each_group("", group, root, [&](const fs::path& folder) { read_v2(folder, limits); });
    }
    if (has_word(controllers, "memory")) {
      for_each_group("memory", group, root,
                     [&](const fs::path& folder) { read_memory(folder / "memory.limit_in_bytes", limits); });
    }
    if (has_word(controllers, "cpu")) {
      for_each_group("cpu", group, root, [&](const fs::path& folder) { read_v1_cpu(folder, limits); });
    }
  }
  return limits;
}

}  // namespace gdm
