#include <cmath>

#include "ct/iteration.hpp"

namespace gdm::ct {

void run_cgls(Iteration& run) {
  const auto rays = static_cast<std::size_t>(run.projector.ray_count());
  const auto ray_count = static_cast<std::int64_t>(rays);
  const std::int64_t voxels = run.voxels();
  std::vector<float> residual(rays), weighted(rays), image(rays);
  std::vector<float> gradient(static_cast<std::size_t>(voxels)), direction;
  run.projector.forward(run.x, residual.data());
  for (std::size_t m = 0; m < rays; ++m) residual[m] = run.rays[m] - residual[m];
  const auto descend = [&] {
    for_blocks(ray_count, [&](std::int64_t from, std::int64_t to) {
      for (auto m = static_cast<std::size_t>(from); m < static_cast<std::size_t>(to); ++m) {
        weighted[m] = run.weights[m] * residual[m];
      }
    });
    run.projector.adjoint(weighted.data(), gradient.data());
    return weighted_dot(voxels, nullptr, gradient.data(), gradient.data());
  };
  double slope = descend();
  direction = gradient;
  while (true) {
    run.projector.forward(direction.data(), image.data());
    const double curvature = weighted_dot(ray_count, run.weights, image.data(), image.data());
    const auto length = static_cast<float>(curvature > 0 ? slope / curvature : 0.0);
    for (std::size_t m = 0; m < rays; ++m) residual[m] -= length * image[m];
    for (std::size_t n = 0; n < direction.size(); ++n) run.x[n] += length * direction[n];
    const double squared = weighted_dot(ray_count, run.weights, residual.data(), residual.data());
    const double moved = static_cast<double>(length) * static_cast<double>(length) *
                         weighted_dot(voxels, nullptr, direction.data(), direction.data());
    const double norm = weighted_dot(voxels, nullptr, run.x, run.x);
    if (run.record(std::sqrt(squared), 0.5 * squared, moved, norm) || length == 0.0F) return;
    const double before = slope;
    slope = descend();
    const auto keep = static_cast<float>(slope / before);
    for (std::size_t n = 0; n < direction.size(); ++n) direction[n] = gradient[n] + keep * direction[n];
  }
}

}  // namespace gdm::ct
