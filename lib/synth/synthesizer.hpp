// The generator and the encoder as instruments for whole volumes: what stands behind lib/net's interfaces.
#pragma once

#include <memory>

#include "net/network.hpp"

namespace gdm::synth {

std::unique_ptr<net::Synthesizer> open_generator(const std::filesystem::path& path, const net::SynthOptions& options,
                                                 const net::Compute& compute);

std::unique_ptr<net::FeatureExtractor> open_encoder(const std::filesystem::path& path, const net::Compute& compute);

}  // namespace gdm::synth
