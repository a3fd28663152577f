// Pretraining of encoders on the train split of any manifest.
#pragma once

#include "engine/compute.hpp"
#include "engine/encoder.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"

namespace gdm::train {

/// Trains an encoder with a U-Net decoder (thrown away at the end) on a task of tasks.hpp, and writes the averaged
/// weights, rounded to half precision, with the validation curve and what the probe (probe.hpp) finds on the val split,
/// or on the train split where there is no other. A JSON-lines log grows beside it. Returns false if stopped by a
/// signal or the time limit.
bool pretrain_encoder(const Manifest& manifest, const engine::PretrainOptions& options, const engine::Compute& compute,
                      Provenance& provenance);

}  // namespace gdm::train
