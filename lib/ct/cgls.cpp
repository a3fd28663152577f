#include <cmath>

#include "ct/iteration.hpp"

namespace gdm::ct {

void run_cgls(Iteration& run) {
  const auto rays = static_cast<std::size_t>(run.projector.ray_count());
  const auto ray_count = static_cast<std::int64_t>(rays);
  const std::int64_t voxels = run.voxels();
  std::vector<float> residual(rays), weighted(rays), image(rays);
  std::vector<float> gradient(static_cast<std::size_t>(voxels)), direction, start, strayed;
  const double pull = run.options.pull_mm2;
  if (pull > 0) {
    start.assign(run.x, run.x + voxels);
    strayed.assign(start.size(), 0.0F);  // kept, as a strong pull is lost in the rounding of x - start
  }
  run.projector.forward(run.x, residual.data());
  for (std::size_t m = 0; m < rays; ++m) residual[m] = run.rays[m] - residual[m];
  const auto descend = [&] {
    for_blocks(ray_count, [&](std::int64_t from, std::int64_t to) {
      for (auto m = static_cast<std::size_t>(from); m < static_cast<std::size_t>(to); ++m) {
        weighted[m] = run.weights[m] * residual[m];
      }
    });
    run.projector.adjoint(weighted.data(), gradient.data());
    for (std::size_t n = 0; n < start.size(); ++n) gradient[n] -= static_cast<float>(pull) * strayed[n];
    return weighted_dot(voxels, nullptr, gradient.data(), gradient.data());
  };
  const auto step = [&](float length) {
    for (std::size_t m = 0; m < rays; ++m) residual[m] -= length * image[m];
    for (std::size_t n = 0; n < strayed.size(); ++n) {
      strayed[n] += length * direction[n];
      run.x[n] = start[n] + strayed[n];
    }
    if (strayed.empty()) {
      for (std::size_t n = 0; n < direction.size(); ++n) run.x[n] += length * direction[n];
    }
  };
  double slope = descend(), objective = 0.5 * weighted_dot(ray_count, run.weights, residual.data(), residual.data());
  direction = gradient;
  while (true) {
    run.projector.forward(direction.data(), image.data());
    const double along = weighted_dot(voxels, nullptr, direction.data(), direction.data());
    const double curvature = weighted_dot(ray_count, run.weights, image.data(), image.data()) + pull * along;
    const auto length = static_cast<float>(curvature > 0 ? slope / curvature : 0.0);
    step(length);
    const auto squared = [&] { return weighted_dot(ray_count, run.weights, residual.data(), residual.data()); };
    const double away = strayed.empty() ? 0.0 : weighted_dot(voxels, nullptr, strayed.data(), strayed.data());
    const double before_step = objective;
    objective = 0.5 * (squared() + pull * away);
    // Behind the minimum gradients are rounding alone, and directions made of them lead away without end.
    const bool rose = objective > before_step;
    if (rose) {
      step(-length);
      objective = before_step;
    }
    const double moved = rose ? 0.0 : static_cast<double>(length) * static_cast<double>(length) * along;
    const double norm = weighted_dot(voxels, nullptr, run.x, run.x);
    if (run.record(std::sqrt(squared()), objective, moved, norm) || length == 0.0F || rose) return;
    const double before = slope;
    slope = descend();
    const auto keep = static_cast<float>(slope / before);
    for (std::size_t n = 0; n < direction.size(); ++n) direction[n] = gradient[n] + keep * direction[n];
  }
}

}  // namespace gdm::ct
