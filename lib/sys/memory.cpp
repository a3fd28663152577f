#include "sys/memory.hpp"

#include <algorithm>
#include <fstream>
#include <string>

#include "sys/cgroup.hpp"

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

}  // namespace

std::uint64_t available_memory_bytes() {
  return std::min(available_by_meminfo(), cgroup_limits().memory_bytes);
}

}  // namespace gdm
