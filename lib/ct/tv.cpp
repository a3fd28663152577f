// Weighted total variation: FISTA (Beck & Teboulle 2009, SIAM J. Imaging Sci. 2(1):183-202) in the metric of the
// separable quadratic surrogate M = A^T W A 1 (Erdogan & Fessler 1999, Phys. Med. Biol. 44:2835-2851), its gradient
// from one subset of the views after the other (Kim, Ramani & Fessler 2015, IEEE Trans. Med. Imaging 34(1):167-178),
// its proximal step by dual steps that carry on (ct/total_variation.hpp). Subsets do not settle, so that the last third
// of the iterations uses all views at once.
#include <cmath>
#include <limits>

#include "ct/iteration.hpp"
#include "sys/clones.hpp"

namespace gdm::ct {
namespace {

/// rays <- weights * (A x - b) * scale, 0 where `rays` is not a number; the sum of w (A x - b)^2.
GDM_CLONES double weigh_rays(std::int64_t n, const float* __restrict data, const float* __restrict weights, float scale,
                             float* __restrict rays) {
  float squares[16] = {};
  std::int64_t m = 0;
  const auto weigh = [&](std::int64_t at, std::int64_t lane) __attribute__((always_inline)) {
    const float residual = rays[at] == rays[at] ? rays[at] - data[at] : 0.0F;
    const float weighted = weights[at] * residual;
    squares[lane] += weighted * residual;
    rays[at] = scale * weighted;
  };
  for (; m + 16 <= n; m += 16) {
    for (std::int64_t lane = 0; lane < 16; ++lane) weigh(m + lane, lane);
  }
  for (; m < n; ++m) weigh(m, 0);
  double sum = 0;
  for (const float square : squares) sum += static_cast<double>(square);
  return sum;
}

/// M = A^T W A 1; voxels that rays hardly see get a little, so that the penalty alone fills them.
std::vector<float> metric_of(const Iteration& run) {
  std::vector<float> metric(static_cast<std::size_t>(run.voxels()), 1.0F);
  std::vector<float> rays(static_cast<std::size_t>(run.projector.ray_count()));
  run.projector.forward(metric.data(), rays.data());
  for (std::size_t m = 0; m < rays.size(); ++m) rays[m] *= run.weights[m];
  run.projector.adjoint(rays.data(), metric.data());
  const float least = 1e-2F * *std::max_element(metric.begin(), metric.end());
  for (float& value : metric) value = std::max(value, least);
  return metric;
}

class Descent {
 public:
  explicit Descent(Iteration& run)
      : run_(run),
        penalty_(run.lattice, run.options.strength_mm, run.options.huber_per_mm,
                 run.options.non_negative ? 0.0F : -HUGE_VALF, metric_of(run)),
        rays_(static_cast<std::size_t>(run.projector.ray_count())),
        gradient_(static_cast<std::size_t>(run.voxels())),
        z_(run.x, run.x + run.voxels()) {}

  /// One pass over all views. Gives |A z - b|^2_W as the subsets saw it.
  double pass(std::int64_t subsets) {
    double squared_residual = 0;
    std::vector<float> before;
    if (subsets > 1) before.assign(run_.x, run_.x + run_.voxels());
    for (std::int64_t turn = 0; turn < subsets; ++turn) {
      const std::int64_t s = subset_at(turn, subsets);
      squared_residual += descend_views(s, subsets);
      const double grown = 0.5 * (1.0 + std::sqrt(1.0 + 4.0 * inertia_ * inertia_));
      const auto momentum = static_cast<float>((inertia_ - 1.0) / grown);
      inertia_ = grown;
      move_ = penalty_.step(gradient_.data(), momentum, run_.x, z_.data());
    }
    if (subsets > 1) {
      move_.change = sum_blocks(run_.voxels(), [&](std::int64_t from, std::int64_t to) {
        double sum = 0;
        for (std::int64_t n = from; n < to; ++n) {
          const auto difference = static_cast<double>(run_.x[n] - before[static_cast<std::size_t>(n)]);
          sum += difference * difference;
        }
        return sum;
      });
    }
    return squared_residual;
  }
  /// Without momentum: that of subsets leads nowhere once all views count at once.
  void restart() {
    inertia_ = 1.0;
    std::copy(run_.x, run_.x + run_.voxels(), z_.begin());
  }
  double penalty() const { return penalty_.value(run_.x); }
  const TotalVariation::Move& move() const { return move_; }

 private:
  /// The gradient from one subset, scaled to stand for all.
  double descend_views(std::int64_t first, std::int64_t step) {
    if (step > 1) std::fill(rays_.begin(), rays_.end(), std::numeric_limits<float>::quiet_NaN());
    run_.projector.forward_views(first, step, z_.data(), rays_.data());
    const auto scale = static_cast<float>(step);
    const double squared = sum_blocks(run_.projector.ray_count(), [&](std::int64_t from, std::int64_t to) {
      return weigh_rays(to - from, run_.rays + from, run_.weights + from, scale, rays_.data() + from);
    });
    run_.projector.adjoint_views(first, step, rays_.data(), gradient_.data());
    return squared;
  }

  Iteration& run_;
  TotalVariation penalty_;
  std::vector<float> rays_, gradient_, z_;
  double inertia_ = 1.0;
  TotalVariation::Move move_;
};

}  // namespace

void run_tv(Iteration& run) {
  Descent descent(run);
  const auto settling = static_cast<std::size_t>(run.options.iterations - run.options.iterations / 3);
  while (true) {
    const bool early = run.log.size() < settling;
    if (run.log.size() == settling) descent.restart();
    const double squared = descent.pass(early ? run.options.subsets : 1);
    if (run.record(std::sqrt(squared), 0.5 * squared + descent.penalty(), descent.move().change, descent.move().norm))
      return;
  }
}

}  // namespace gdm::ct
