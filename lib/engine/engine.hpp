// The torch-free door to libgdm-nn.
//
// Programs link libgdm alone. The first call of services() loads libgdm-nn (and with it LibTorch, 160 MB and half a
// second), after it has set what must be in the environment before a BLAS library loads. So --help, --version and
// every wrong command line answer at once, and a tool that needs no network never loads LibTorch.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "engine/bank.hpp"
#include "engine/compute.hpp"
#include "engine/encoder.hpp"
#include "engine/generator.hpp"
#include "engine/training.hpp"
#include "io/json.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"

namespace gdm::engine {

/// What libgdm-nn offers. Long runs poll stop_requested(), save a checkpoint and return false if they were stopped.
struct Services {
  std::unique_ptr<FeatureExtractor> (*open_encoder)(const std::filesystem::path&, const Compute&);
  std::unique_ptr<Synthesizer> (*open_generator)(const std::filesystem::path&, const SynthOptions&, const Compute&);
  bool (*pretrain_encoder)(const Manifest&, const PretrainOptions&, const Compute&, Provenance&);
  /// What the features of an encoder tell (train/probe.hpp).
  Json (*probe_encoder)(const Manifest&, const ProbeOptions&, const Compute&, Provenance&);
  /// These three do their work in one go: a stop leaves them as StopRequested, with nothing written. `statistics`:
  /// cases whose features standardise the taps; null for none.
  void (*import_encoder)(const Manifest* statistics, const ImportOptions&, const Compute&, Provenance&);
  void (*make_scattering)(const Manifest* statistics, const ScatteringOptions&, const Compute&, Provenance&);
  void (*build_bank)(const Manifest&, const BankOptions&, const Compute&, Provenance&);
  /// Makes a bank of all shards of one build.
  void (*merge_banks)(const std::vector<std::filesystem::path>&, const std::filesystem::path& output, Overwrite,
                      const Compute&, Provenance&);
  /// Checks a bank, with a manifest also against rows computed anew; returns what was checked. Throws Error for what is
  /// wrong.
  Json (*verify_bank)(const BankVerifyOptions&, const Manifest*, const Compute&, Provenance&);
  std::unique_ptr<FeatureBank> (*open_bank)(const std::filesystem::path&, const Compute&);
  bool (*train_generator)(const Manifest&, const TrainOptions&, const Compute&, Provenance&);
  /// What train_generator() would do, and how long it would take (train/generator_training.hpp). Writes nothing.
  Json (*plan_training)(const Manifest&, const TrainOptions&, const Compute&, Provenance&);
  /// Records the device that is used and the network libraries' versions.
  void (*describe)(const Compute&, Provenance&);
};

/// Loads libgdm-nn on first use. Throws Error if it is missing or does not fit this build.
const Services& services();

}  // namespace gdm::engine
