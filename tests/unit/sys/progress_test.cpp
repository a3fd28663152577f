// The progress display counts what several threads report, all of it.
#include <doctest/doctest.h>

#include <thread>
#include <vector>

#include "sys/progress.hpp"

TEST_CASE("progress: work of several threads is counted whole") {
  constexpr std::int64_t each = 20000, threads = 4;
  gdm::set_progress_mode(gdm::ProgressMode::never);
  gdm::Progress progress("counting", each * threads + 1, "things");
  std::vector<std::thread> workers;
  for (std::int64_t t = 0; t < threads; ++t) {
    workers.emplace_back([&] {
      for (std::int64_t n = 0; n < each; ++n) progress.advance();
    });
  }
  for (std::thread& worker : workers) worker.join();
  gdm::set_progress_mode(gdm::ProgressMode::automatic);
  CHECK(progress.done() == each * threads);
}
