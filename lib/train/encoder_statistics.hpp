// Means and deviations of an encoder's features over real CT, by which its taps are standardised.
#pragma once

#include "engine/compute.hpp"
#include "engine/encoder.hpp"
#include "io/json.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"
#include "nn/encoder.hpp"

namespace gdm::train {

/// Standardises each channel of each tap by its mean and deviation over cells inside the patients, in random patches of
/// the CT targets of a split. Returns what the encoder's file says about them. Throws Error for an encoder that does
/// not expect HU and for a tap without a cell inside; StopRequested.
Json add_statistics(const Manifest& manifest, const engine::StatisticsOptions& options, const engine::Compute& compute,
                    const nn::FrozenEncoder& encoder, Provenance& provenance);

}  // namespace gdm::train
