// How much main memory this process may use, for what may be as large as there is room.
#pragma once

#include <cstdint>

namespace gdm {

/// Memory that is available without swapping, by /proc/meminfo, and at most the limit of the cgroup (v1 or v2); 0 if
/// the system tells nothing.
std::uint64_t available_memory_bytes();

}  // namespace gdm
