// The generator and the encoder as instruments for whole volumes: what stands behind lib/engine's interfaces.
#pragma once

#include <memory>

#include "engine/compute.hpp"
#include "engine/encoder.hpp"
#include "engine/generator.hpp"

namespace gdm::synth {

std::unique_ptr<engine::Synthesizer> open_generator(const std::filesystem::path& path,
                                                    const engine::SynthOptions& options,
                                                    const engine::Compute& compute);

std::unique_ptr<engine::FeatureExtractor> open_encoder(const std::filesystem::path& path,
                                                       const engine::Compute& compute);

}  // namespace gdm::synth
