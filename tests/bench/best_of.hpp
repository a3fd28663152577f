// The least of several runs, by the clock and by the processor's time, which is what can be compared where other work
// shares the machine.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <functional>

#include "sys/stopwatch.hpp"

namespace gdm_bench {

struct Seconds {
  double clock = 1e30, processor = 1e30;  ///< processor: of all threads
};

inline double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

inline Seconds best_of(int runs, const std::function<void()>& work) {
  Seconds best;
  for (int n = 0; n < runs; ++n) {
    const double spent = processor_seconds();
    const gdm::Stopwatch watch;
    work();
    best.clock = std::min(best.clock, watch.seconds());
    best.processor = std::min(best.processor, processor_seconds() - spent);
  }
  return best;
}

}  // namespace gdm_bench
