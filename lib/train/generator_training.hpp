// Training of the generator: supervised regression, and GDM, which begins as regression and then adds the drift.
#pragma once

#include "io/manifest.hpp"
#include "io/sidecar.hpp"
#include "net/network.hpp"

namespace gdm::train {

/// objective "regression": masked L1 with weight 0.05 outside the mask.
/// objective "gdm": the same until drift_start * steps, then fidelity and drift gradients coordinated at the predicted
/// volume (drift/coordination.hpp), rho rising as a sigmoid over 5 % of the steps; one backward pass follows.
/// Writes the averaged weights. Returns false if stopped by a signal or the time limit.
bool train_generator(const Manifest& manifest, const net::TrainOptions& options, const net::Compute& compute,
                     Provenance& provenance);

}  // namespace gdm::train
