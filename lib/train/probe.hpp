// Do an encoder's features mean something? Two measurements on cases it was not trained on, each beside the same
// measurement on untrained networks of the same shape (the mean of three):
//
//   retrieval  Each patch is seen twice: with noise, and with other noise, another contrast and a shift of 1 to 3
//              voxels along each axis. The nearest of all patches of all patients, by the standardised means and
//              deviations of the maps inside the patient, should be the same patch.
//   linear     Ridge regression from the features of a cell to the tissue fractions of its voxels, fitted on half of
//              the patients: R^2 on the others.
#pragma once

#include "data/images.hpp"
#include "engine/compute.hpp"
#include "engine/encoder.hpp"
#include "io/json.hpp"
#include "nn/encoder.hpp"

namespace gdm::train {

/// Cases ready to be probed.
struct ProbeSet {
  std::vector<data::Sample> samples;  ///< target: image in `units`, about [-1, 1]; conditions: class of each voxel
  std::int64_t classes = 0;
  nn::HuMap units;
};

/// From what load_images() gave. Label maps are painted, with one random contrast for all of them: what differs between
/// the patients is their anatomy.
ProbeSet probe_set(std::vector<data::Sample> samples, const data::Source& source, const nn::HuMap& units,
                   const data::LabelClasses* labels, std::uint64_t seed);

/// {"patch_voxels", "patients", "patches", "retrieval": {"top1", "same_patient", "chance", "untrained_top1"},
/// "linear": {"tap", "cells", "classes", "held_out", "r2", "untrained_r2"}}; the untrained figures are null where
/// nothing is learnt (scattering) or the layers are in a script (TorchScript). Depends on the seed, not on the device
/// or what was drawn before.
Json probe_encoder(const nn::FrozenEncoder& encoder, const ProbeSet& set, std::int64_t patch,
                   std::int64_t patches_per_patient, std::uint64_t seed, torch::Device device);

/// The whole of `gdm-encoder probe`: loads encoder and cases.
Json probe_file(const Manifest& manifest, const engine::ProbeOptions& options, const engine::Compute& compute,
                Provenance& provenance);

}  // namespace gdm::train
