// Training of the generator: supervised regression, and on top of it objectives in feature space.
#pragma once

#include "io/manifest.hpp"
#include "io/sidecar.hpp"
#include "net/network.hpp"

namespace gdm::train {

/// objective "regression": masked L1 with weight 0.05 outside the mask.
/// objectives "perceptual" and "gdm": the same until drift_start * steps, then the gradients of fidelity and of the
/// other objectives (train/objectives.hpp) are coordinated at the predicted volume, and one backward pass follows.
/// Writes the averaged weights. Returns false if stopped by a signal or the time limit.
bool train_generator(const Manifest& manifest, const net::TrainOptions& options, const net::Compute& compute,
                     Provenance& provenance);

}  // namespace gdm::train
