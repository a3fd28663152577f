// Importing encoders that others trained.
#pragma once

#include "engine/compute.hpp"
#include "engine/encoder.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"

namespace gdm::train {

/// Writes an encoder file from foreign weights and a description of the layers, or from a TorchScript network and a
/// description of its input (man page gdm-encoder-layers(7)). With `statistics` each channel of each tap is
/// standardised by its mean and deviation over cells inside the patients, in patches of the CT targets. Throws
/// StopRequested after a signal; nothing is written then.
void import_encoder(const Manifest* statistics, const engine::ImportOptions& options, const engine::Compute& compute,
                    Provenance& provenance);

}  // namespace gdm::train
