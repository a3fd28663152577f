#include "ct/iteration.hpp"

#include <cmath>
#include <numeric>

#include "sys/signals.hpp"

namespace gdm::ct {

bool Iteration::record(double new_residual, double objective, double moved, double norm) {
  if (options.interruptible) throw_if_stop_requested();
  residual = new_residual;
  const double change = norm > 0 ? std::sqrt(moved / norm) : 0.0;
  log.push_back({static_cast<std::int64_t>(log.size()) + 1, residual, objective, change, std::sqrt(norm)});
  return static_cast<std::int64_t>(log.size()) >= options.iterations ||
         (options.tolerance > 0 && change <= options.tolerance) || residual <= options.residual * data;
}

double sum_blocks(std::int64_t n, const std::function<double(std::int64_t, std::int64_t)>& term) {
  constexpr std::int64_t block = 1 << 16;
  std::vector<double> sums(static_cast<std::size_t>((n + block - 1) / block));
  for_blocks(
      n, [&](std::int64_t from, std::int64_t to) { sums[static_cast<std::size_t>(from / block)] = term(from, to); });
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

double weighted_dot(std::int64_t n, const float* w, const float* a, const float* b) {
  return sum_blocks(n, [&](std::int64_t from, std::int64_t to) {
    double sum = 0;
    for (std::int64_t m = from; m < to; ++m) {
      const double product = static_cast<double>(a[m]) * static_cast<double>(b[m]);
      sum += w == nullptr ? product : product * static_cast<double>(w[m]);
    }
    return sum;
  });
}

std::int64_t subset_at(std::int64_t turn, std::int64_t subsets) {
  // Steps of about a golden section of the half turn, made coprime, visit every subset and never two neighbours.
  std::int64_t stride = std::max<std::int64_t>(1, std::llround(0.382 * static_cast<double>(subsets)));
  while (std::gcd(stride, subsets) != 1) ++stride;
  return turn * stride % subsets;
}

}  // namespace gdm::ct
