// Times the drift's distances, 256 queries x 4096 entries x 1024 dimensions, against a plain matrix product of that
// size in the same run: what is left is what the distances add. Not a test: a time is never an assertion.
//   distances-bench [THREADS]
#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "bank/distances.hpp"

namespace {

using torch::Tensor;

/// Milliseconds of the quickest of 30 runs, and of the middle one.
template <class Function>
std::pair<double, double> times_ms(Function function) {
  std::vector<double> times;
  for (int run = 0; run < 33; ++run) {
    const auto start = std::chrono::steady_clock::now();
    function();
    const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    if (run >= 3) times.push_back(ms);
  }
  std::sort(times.begin(), times.end());
  return {times.front(), times[times.size() / 2]};
}

}  // namespace

int main(int argc, char** argv) {
  const c10::InferenceMode inference;
  at::set_num_threads(argc > 1 ? std::atoi(argv[1]) : 1);
  torch::manual_seed(1);
  const Tensor queries = torch::randn({1, 256, 1024}), entries = torch::randn({1, 4096, 1024});
  const Tensor a = queries[0], b = entries[0].t();
  Tensor out = torch::empty({256, 4096});
  const auto [product, product_median] = times_ms([&] { torch::mm_out(out, a, b); });
  const auto [distance, distance_median] = times_ms([&] { out = gdm::bank::distances(queries, entries); });
  fmt::print(
      "threads {}\nsgemm      {:7.2f} ms (median {:.2f}), {:.0f} GFLOP/s\ndistances  {:7.2f} ms (median {:.2f})\n"
      "ratio      {:7.2f}\n",
      at::get_num_threads(), product, product_median, 2e-6 * 256 * 4096 * 1024 / product, distance, distance_median,
      distance / product);
  return 0;
}
