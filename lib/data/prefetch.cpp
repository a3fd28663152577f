#include "data/prefetch.hpp"

#include "nn/one_thread.hpp"
#include "sys/stopwatch.hpp"

namespace gdm::data {
namespace {

constexpr std::size_t most_ready = 2;  // more would help only if batches took very different times

}  // namespace

Prefetcher::Prefetcher(Make make, std::int64_t first, std::int64_t end, torch::Device device)
    : make_(std::move(make)), device_(device), thread_([this, first, end] { work(first, end); }) {}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Batch Prefetcher::next() {
  const Stopwatch watch;
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return !ready_.empty() || failure_; });
  waited_s_ += watch.seconds();
  if (ready_.empty()) std::rethrow_exception(failure_);
  Batch batch = std::move(ready_.front());
  ready_.pop_front();
  lock.unlock();
  changed_.notify_all();
  for (Tensor* tensor : {&batch.conditions, &batch.target, &batch.mask}) {
    *tensor = tensor->to(device_, /*non_blocking=*/true);
  }
  return batch;
}

void Prefetcher::work(std::int64_t first, std::int64_t end) {
  try {
    const torch::NoGradGuard no_grad;
    nn::compute_on_this_thread_alone();  // the others belong to the network
    for (std::int64_t step = first; step < end && wait_for_room(); ++step) {
      Batch batch = make_(step);
      if (device_.is_cuda()) {  // only from pinned memory does a copy run beside the network
        for (Tensor* tensor : {&batch.conditions, &batch.target, &batch.mask}) *tensor = tensor->pin_memory();
        batch.host_mask = batch.mask;
      }
      put(std::move(batch));
    }
  } catch (...) {
    const std::lock_guard<std::mutex> lock(mutex_);
    failure_ = std::current_exception();
  }
  changed_.notify_all();
}

bool Prefetcher::wait_for_room() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return stop_ || ready_.size() < most_ready; });
  return !stop_;
}

void Prefetcher::put(Batch batch) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ready_.push_back(std::move(batch));
  }
  changed_.notify_all();
}

}  // namespace gdm::data
