#include "sys/memory.hpp"

#include <algorithm>
#include <fstream>
#include <string>

namespace gdm {
namespace {

/// Bytes; 0 if /proc/meminfo does not say it.
std::uint64_t available_by_meminfo() {
  std::ifstream file("/proc/meminfo");
  for (std::string name, line; file >> name; std::getline(file, line)) {
    std::uint64_t kib = 0;
    if (name == "MemAvailable:" && file >> kib) return kib * 1024;
  }
  return 0;
}

/// UINT64_MAX without a limit, which v2 writes as "max" and v1 as a number near 2^63.
std::uint64_t cgroup_limit() {
  std::uint64_t least = UINT64_MAX;
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    std::uint64_t bytes = 0;
    if (file >> bytes) least = std::min(least, bytes);
  }
  return least;
}

}  // namespace

std::uint64_t available_memory_bytes() {
  return std::min(available_by_meminfo(), cgroup_limit());
}

}  // namespace gdm
