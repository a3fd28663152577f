// Data consistency behind a model's network, as its description tells it.
#pragma once

#include <cstdint>

#include "io/json.hpp"

namespace gdm::model {

/// Conjugate gradients towards the measured rays (ct/iterative.hpp) that follow the network in training and in use.
struct RayConsistency {
  std::int64_t iterations = 0;  ///< 0: none
  double pull_mm2 = 0.0;        ///< weight of the distance from the network's output
};

/// What "training" of a generator's description says.
RayConsistency consistency_of(const Json& description);

}  // namespace gdm::model
