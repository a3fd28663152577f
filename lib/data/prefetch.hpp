// Batches of the next steps, made on a thread of their own while the network computes. A batch depends on its step
// alone, so the training is the same as without.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "data/samples.hpp"

namespace gdm::data {

class Prefetcher {
 public:
  using Make = std::function<Batch(std::int64_t step)>;

  /// Begins with the batch of step `first`; none is made for `end` and beyond. `make` returns batches on the CPU,
  /// next() brings them to `device`.
  Prefetcher(Make make, std::int64_t first, std::int64_t end, torch::Device device);
  /// Waits for the batch that is being made.
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// The batches in the order of their steps. An exception of make() arrives here, in the place of its batch; after it
  /// there are no more.
  Batch next();
  /// Time that next() has waited, in all.
  double waited_s() const { return waited_s_; }

 private:
  void work(std::int64_t first, std::int64_t end);
  bool wait_for_room();
  void put(Batch batch);

  Make make_;
  torch::Device device_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> ready_;
  std::exception_ptr failure_;
  bool stop_ = false;
  double waited_s_ = 0;
  std::thread thread_;  ///< last: it uses the others
};

}  // namespace gdm::data
