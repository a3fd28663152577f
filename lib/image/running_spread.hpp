// Mean and standard deviation of many volumes of which one is held at a time.
#pragma once

#include <cstdint>

#include "image/volume.hpp"

namespace gdm {

/// Volumes on one grid, added one by one by the updates of Welford (Technometrics 4, 1962, p. 419), which never
/// subtract two large sums. Holds two volumes, however many are added.
class RunningSpread {
 public:
  /// Throws Error if the volume has another shape than the first.
  void add(const Volume& volume);
  std::int64_t count() const { return count_; }
  /// On the grid of the first volume.
  const Volume& mean() const { return mean_; }
  /// The standard deviation of the sample, with count() - 1. Throws Error for less than two volumes.
  Volume deviation() const;

 private:
  Volume mean_;
  Voxels<float> squares_;  ///< of the deviations from the mean, summed
  std::int64_t count_ = 0;
};

}  // namespace gdm
