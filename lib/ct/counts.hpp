// What a detector counts behind line integrals: the flat field, noise, and how much each ray is worth.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace gdm::ct {

struct Beam {
  double photons = 0;            ///< I0: counts of an element without object, at the centre of a bow-tie; 0: not known
  double electronic_counts = 0;  ///< standard deviation of Gaussian noise that joins the counts
  double bow_tie_radius_mm = 0;  ///< see bow_tie_share(); 0: none
  double mu_water_per_mm = 0;    ///< what 0 HU is
};

/// Share of I0 that a bow-tie lets pass on a ray at this distance from the axis: what a cylinder of water of
/// `radius_mm` around the axis takes more at its centre than there, exp(-2 mu (R - sqrt(R^2 - s^2))), so that behind
/// the cylinder counts are the same at every s up to R; further out exp(-2 mu R).
double bow_tie_share(double distance_mm, const Beam& beam);

/// Rays as they lie in memory: blocks (slices of a stack, views of others) of rows of detector columns.
struct RayBlocks {
  std::int64_t blocks = 0, rays_per_block = 0, columns = 0;
  /// Share of I0 of each column of a block; null where all have I0.
  std::function<std::vector<float>(std::int64_t block)> shares;
};

/// Replaces each line integral p by ln(m / n), m = share * I0 and n ~ Poisson(m exp(-p)) plus Gaussian noise of the
/// beam's standard deviation; n below 1 counts as 1, and their number is returned. Block b draws from stream b of
/// `seed`, so the thread count does not matter. Throws Error unless I0 >= 1.
std::int64_t add_counting_noise(float* line_integrals, const RayBlocks& rays, const Beam& beam, std::uint64_t seed);

/// For iterations (ct/iterative.hpp), at most 1: counts n of standard deviation sqrt(n + s^2), s the electronic noise,
/// give a line integral the variance (n + s^2) / n^2, and the weight is 1 / (I0 variance). Without I0, share * exp(-p).
std::vector<float> weights_of_counts(const float* line_integrals, const RayBlocks& rays, const Beam& beam);

}  // namespace gdm::ct
