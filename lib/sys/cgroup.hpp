// What the control group of this process allows: on a cluster that is the job's share of the machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>

namespace gdm {

struct CgroupLimits {
  std::uint64_t memory_bytes = std::numeric_limits<std::uint64_t>::max();  ///< the largest number: no limit
  double cpus = std::numeric_limits<double>::infinity();                   ///< a quota of CPU time; infinity: none
};

/// The least limits of the process's own groups and all groups above them, of cgroup v1 and v2, by
/// ROOT/proc/self/cgroup, ROOT/proc/self/mountinfo and the files below ROOT/sys/fs/cgroup. What cannot be read is no
/// limit. `root`: "/", or a made-up tree for a test.
CgroupLimits cgroup_limits(const std::filesystem::path& root = "/");

}  // namespace gdm
