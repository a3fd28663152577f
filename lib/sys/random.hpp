// Random draws that are the same on every platform and compiler (the standard library's distributions are not).
// xoshiro256** seeded by SplitMix64 (Blackman & Vigna, 2018, "Scrambled linear pseudorandom number generators").
#pragma once

#include <array>
#include <cstdint>

namespace gdm {

class Random {
 public:
  /// Streams of one seed are independent: (seed, stream) pairs such as (seed, case number).
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0);

  std::uint64_t bits();
  double uniform();                         ///< [0, 1)
  double uniform(double low, double high);  ///< [low, high)
  std::int64_t below(std::int64_t n);       ///< 0 .. n-1; n > 0
  double normal();                          ///< mean 0, standard deviation 1 (Box-Muller)
  /// Poisson count; exact inversion below a mean of 30, above it the normal approximation rounded to >= 0,
  /// whose relative error in the third moment is below 1/sqrt(30 * mean).
  double poisson(double mean);

  /// The whole state, for checkpoints.
  const std::array<std::uint64_t, 4>& state() const { return state_; }
  void set_state(const std::array<std::uint64_t, 4>& state) { state_ = state; }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace gdm
