// Parallel work whose results are used in the order of its inputs: what is printed or written must not depend on
// timing.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

#include "sys/parallel.hpp"

namespace gdm {

/// Calls make(i) for 0 <= i < n from several threads and take(i, result) in the order of i, one at a time, each as soon
/// as everything before it is done. The first exception of either ends the work and is rethrown; nothing behind the
/// failed one is taken. Results that wait for a slow one before them are held in memory.
template <class Make, class Take>
void parallel_in_order(std::int64_t n, const Make& make, const Take& take) {
  using Result = decltype(make(std::int64_t{0}));
  std::mutex mutex;
  std::map<std::int64_t, Result> waiting;
  std::int64_t next = 0;
  parallel_for(n, [&](std::int64_t i) {
    Result result = make(i);
    // Taking under the lock holds the makers back when the taker is the slow part, so that little waits.
    const std::lock_guard<std::mutex> lock(mutex);
    waiting.emplace(i, std::move(result));
    for (auto first = waiting.find(next); first != waiting.end(); first = waiting.find(next)) {
      const std::int64_t current = std::exchange(next, -1);  // stays so after an exception: no result has this number
      take(current, std::move(first->second));
      waiting.erase(first);
      next = current + 1;
    }
  });
}

}  // namespace gdm
