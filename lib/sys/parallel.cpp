#include "sys/parallel.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "sys/cgroup.hpp"

namespace gdm {
namespace {

int g_threads = 0;
thread_local bool t_inside_loop = false;

/// CPUs allowed by the cgroups' quotas. They are read once: every loop asks.
double cgroup_cpus() {
  static const double cpus = cgroup_limits().cpus;
  return cpus;
}

}  // namespace

int available_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int cpus = 1;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    cpus = std::max(1, CPU_COUNT(&set));
  } else {
    cpus = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
  return std::max(1, static_cast<int>(std::min<double>(cpus, std::ceil(cgroup_cpus()))));
}

void set_thread_count(int threads) {
  g_threads = threads;
}
int thread_count() {
  return g_threads > 0 ? g_threads : available_cpus();
}

void parallel_for(std::int64_t n, const std::function<void(std::int64_t)>& body) {
  const int workers = t_inside_loop ? 1 : static_cast<int>(std::min<std::int64_t>(thread_count(), n));
  std::atomic<std::int64_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  const auto work = [&] {
    const bool outer = std::exchange(t_inside_loop, t_inside_loop || workers > 1);
    for (std::int64_t i = next++; i < n; i = next++) {
      try {
        body(i);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex);
        if (!failure) failure = std::current_exception();
        next = n;
      }
    }
    t_inside_loop = outer;
  };
  std::vector<std::thread> threads;
  for (int t = 1; t < workers; ++t) threads.emplace_back(work);
  work();
  for (auto& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace gdm
