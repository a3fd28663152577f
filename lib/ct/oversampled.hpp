// What a detector element of some width reads from an object that is finer than the grid: of use inside ct/ alone.
#pragma once

#include <vector>

#include "ct/slab.hpp"

namespace gdm::ct {

/// One view with `oversample` rays for each detector element, evenly over its width, and as many times more samples
/// along each ray. The object is the bilinear interpolation of a slice's pixels in plane, with zeros around the slice.
class OversampledView {
 public:
  OversampledView(const Plane& plane, const ParallelScan& scan, std::int64_t oversample);
  /// -ln of the mean transmission exp(-line integral) of each element's rays, in the first `count` lanes of `line`.
  void project(std::int64_t view, const Lanes* slab, std::int64_t count, Lanes* line);

 private:
  Plane plane_;
  ParallelScan rays_;  ///< the scan whose detector elements are the single rays
  std::int64_t oversample_;
  std::vector<Lanes> row_, integrals_;
};

}  // namespace gdm::ct
