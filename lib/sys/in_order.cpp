#include "sys/in_order.hpp"

#include <map>
#include <mutex>
#include <utility>

#include "sys/parallel.hpp"

namespace gdm {

void parallel_in_order(std::int64_t n, const std::function<Bytes(std::int64_t)>& produce,
                       const std::function<void(const Bytes&)>& consume) {
  std::mutex mutex;
  std::map<std::int64_t, Bytes> waiting;
  std::int64_t next = 0;
  parallel_for(n, [&](std::int64_t i) {
    Bytes made = produce(i);
    // Consuming under the lock holds the others back when the consumer is the slow part, so that little waits.
    const std::lock_guard<std::mutex> lock(mutex);
    waiting.emplace(i, std::move(made));
    for (auto first = waiting.find(next); first != waiting.end(); first = waiting.find(next)) {
      const std::int64_t current = std::exchange(next, -1);  // stays so after an exception: no piece has this number
      consume(first->second);
      waiting.erase(first);
      next = current + 1;
    }
  });
}

}  // namespace gdm
