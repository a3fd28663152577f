// Conjugate gradients towards measured rays, and how a model's description tells those that follow its network.
#pragma once

#include <cstdint>

#include "io/json.hpp"

namespace gdm::model {

/// Of ct/iterative.hpp's cgls.
struct RayConsistency {
  std::int64_t iterations = 0;  ///< 0: none
  double pull_mm2 = 0.0;        ///< weight of the distance from where they begin
};

/// What "training" of a generator's description says of those behind the network, in training and in use.
RayConsistency consistency_of(const Json& description);

}  // namespace gdm::model
