// Making the encoder that needs no training.
#pragma once

#include "engine/compute.hpp"
#include "engine/encoder.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"

namespace gdm::train {

/// Writes an encoder file of scattering coefficients (nn/scattering_encoder.hpp), standardised where there are cases
/// for `statistics`. Throws StopRequested after a signal; nothing is written
/// then.
void make_scattering(const Manifest* statistics, const engine::ScatteringOptions& options,
                     const engine::Compute& compute, Provenance& provenance);

}  // namespace gdm::train
