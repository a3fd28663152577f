// Threads: how many this process may use, and a loop that uses them.
#pragma once

#include <cstdint>
#include <functional>

namespace gdm {

/// CPUs this process may use: the affinity mask, reduced by a cgroup v1/v2 quota; at least 1.
int available_cpus();
/// 0 means available_cpus(). Set once by the command line.
void set_thread_count(int threads);
int thread_count();

/// Calls body(i) for 0 <= i < n from thread_count() threads, in no stated order. The first exception thrown by a
/// body stops further work and is rethrown here. Results must not depend on the order. A loop inside a body runs on
/// that body's thread alone, unless the outer loop has one thread.
void parallel_for(std::int64_t n, const std::function<void(std::int64_t)>& body);

}  // namespace gdm
