// Building a bank of real features from the train split.
#pragma once

#include "io/manifest.hpp"
#include "io/sidecar.hpp"
#include "net/network.hpp"

namespace gdm::train {

/// Random windows of every training target, seen as the drift will see them (drift/levels.hpp, random view), through
/// the encoder into a bank. Memory: one volume and the bank. Returns false if stopped by a signal.
bool build_bank(const Manifest& manifest, const net::BankOptions& options, const net::Compute& compute,
                Provenance& provenance);

}  // namespace gdm::train
