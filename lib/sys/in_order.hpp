// Parallel work whose results are used in the order of its inputs: what is printed must not depend on timing.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

#include "sys/parallel.hpp"

namespace gdm {

/// Calls make(i) for 0 <= i < n from several threads and take(i, result) in the order of i, one at a time, each as soon
/// as everything before it is done. The first exception of either ends the work and is rethrown. Results that wait for
/// a slow one before them are held in memory, so they should be small.
template <class Make, class Take>
void parallel_in_order(std::int64_t n, const Make& make, const Take& take) {
  using Result = decltype(make(std::int64_t{0}));
  std::mutex mutex;
  std::map<std::int64_t, Result> waiting;
  std::int64_t next = 0;
  parallel_for(n, [&](std::int64_t i) {
    Result result = make(i);
    const std::lock_guard<std::mutex> lock(mutex);
    waiting.emplace(i, std::move(result));
    for (auto first = waiting.begin(); first != waiting.end() && first->first == next; first = waiting.erase(first)) {
      take(next++, std::move(first->second));
    }
  });
}

}  // namespace gdm
