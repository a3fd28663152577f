// What the methods of ct/iterative.hpp share: of use inside ct/ alone.
#pragma once

#include <algorithm>

#include "ct/iterative.hpp"
#include "ct/total_variation.hpp"
#include "sys/parallel.hpp"

namespace gdm::ct {

/// One problem, and where its solution grows: x holds the start.
struct Iteration {
  const Projector& projector;
  const float* rays;
  const float* weights;  // never null
  const IterativeOptions& options;
  TvLattice lattice;
  float* x;
  double data = 0.0;  // |b|_W
  double residual = 0.0;
  std::vector<IterationRecord> log = {};

  std::int64_t voxels() const { return projector.grid().voxels(); }
  /// Adds a record; true if the iterations end here. `moved`: |x_n - x_(n-1)|^2, `norm`: |x_n|^2.
  bool record(double new_residual, double objective, double moved, double norm);
};

void run_sirt(Iteration& run);
void run_cgls(Iteration& run);
void run_tv(Iteration& run);

/// Calls body(from, to) for blocks of 0 .. n, in parallel.
template <class Body>
void for_blocks(std::int64_t n, Body&& body) {
  constexpr std::int64_t block = 1 << 16;
  parallel_for((n + block - 1) / block, [&](std::int64_t b) { body(b * block, std::min(n, (b + 1) * block)); });
}
/// The sum of term(from, to) over blocks, in an order that the threads do not change.
double sum_blocks(std::int64_t n, const std::function<double(std::int64_t, std::int64_t)>& term);
/// Sum of w a b; w may be null.
double weighted_dot(std::int64_t n, const float* w, const float* a, const float* b);

/// Views first, first + step, ... of a scan: the subset number `turn` of `subsets`, far from the one before it.
std::int64_t subset_at(std::int64_t turn, std::int64_t subsets);

}  // namespace gdm::ct
