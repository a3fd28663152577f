#include "ct/counts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sys/error.hpp"
#include "sys/parallel.hpp"
#include "sys/random.hpp"

namespace gdm::ct {
namespace {

constexpr double least_counts = 1.0;

std::vector<float> shares_of(const RayBlocks& rays, std::int64_t block) {
  return rays.shares ? rays.shares(block) : std::vector<float>(static_cast<std::size_t>(rays.columns), 1.0F);
}

}  // namespace

double bow_tie_share(double distance_mm, const Beam& beam) {
  const double radius = beam.bow_tie_radius_mm, s = std::min(std::abs(distance_mm), radius);
  return std::exp(-2.0 * beam.mu_water_per_mm * (radius - std::sqrt(radius * radius - s * s)));
}

std::int64_t add_counting_noise(float* line_integrals, const RayBlocks& rays, const Beam& beam, std::uint64_t seed) {
  if (!(beam.photons >= 1.0) || !std::isfinite(beam.photons)) {
    throw Error(fmt::format("{} photons: expected 1 or more", beam.photons));
  }
  std::vector<std::int64_t> clipped(static_cast<std::size_t>(rays.blocks));
  parallel_for(rays.blocks, [&](std::int64_t block) {
    Random random(seed, static_cast<std::uint64_t>(block));
    const std::vector<float> shares = shares_of(rays, block);
    float* values = line_integrals + block * rays.rays_per_block;
    for (std::int64_t n = 0; n < rays.rays_per_block; ++n) {
      const double flat = beam.photons * static_cast<double>(shares[static_cast<std::size_t>(n % rays.columns)]);
      double counts = random.poisson(flat * std::exp(-static_cast<double>(values[n])));
      if (beam.electronic_counts > 0) counts += beam.electronic_counts * random.normal();
      if (counts < least_counts) ++clipped[static_cast<std::size_t>(block)];
      values[n] = static_cast<float>(std::log(flat / std::max(counts, least_counts)));
    }
  });
  return std::accumulate(clipped.begin(), clipped.end(), std::int64_t{0});
}

std::vector<float> weights_of_counts(const float* line_integrals, const RayBlocks& rays, const Beam& beam) {
  std::vector<float> weights(static_cast<std::size_t>(rays.blocks * rays.rays_per_block));
  const double electronic =
      beam.photons > 0 ? beam.electronic_counts * beam.electronic_counts / beam.photons : 0.0;  // in units of I0
  parallel_for(rays.blocks, [&](std::int64_t block) {
    const std::vector<float> shares = shares_of(rays, block);
    const std::int64_t first = block * rays.rays_per_block;
    for (std::int64_t n = 0; n < rays.rays_per_block; ++n) {
      float weight = shares[static_cast<std::size_t>(n % rays.columns)] * std::exp(-line_integrals[first + n]);
      if (electronic > 0) weight *= weight / (weight + static_cast<float>(electronic));
      weights[static_cast<std::size_t>(first + n)] = std::min(1.0F, weight);
    }
  });
  return weights;
}

}  // namespace gdm::ct
