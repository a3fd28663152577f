// Do an encoder's features mean something? Two measurements on cases it was not trained on, each beside the same
// measurement on untrained networks of the same shape (the mean of three):
//
//   retrieval  Each window is seen twice: with noise, and with other noise, another contrast and a shift of 1 to 3
//              voxels along each axis. The nearest of all windows of all patients, by the standardised means and
//              deviations of the maps inside the patient, should be the same window.
//   linear     Ridge regression from the features of a cell to the tissue fractions of its voxels, fitted on half of
//              the patients: R^2 on the others.
#pragma once

#include "net/network.hpp"
#include "nn/encoder.hpp"
#include "train/images.hpp"

namespace gdm::train {

/// Cases ready to be probed.
struct ProbeSet {
  std::vector<Sample> samples;  ///< target: image in `units`, about [-1, 1]; conditions: class of each voxel
  std::int64_t classes = 0;
  nn::HuMap units;
};

/// From what load_images() gave. Label maps are painted, with one random contrast for all of them: what differs between
/// the patients is their anatomy.
ProbeSet probe_set(std::vector<Sample> samples, const Source& source, const nn::HuMap& units,
                   const LabelClasses* labels, std::uint64_t seed);

/// {"window_voxels", "patients", "windows", "retrieval": {"top1", "same_patient", "chance", "untrained_top1"},
/// "linear": {"tap", "cells", "classes", "held_out", "r2", "untrained_r2"}}; the untrained figures are null where
/// nothing is learnt (scattering) or the layers are in a script (TorchScript). Depends on the seed, not on the device
/// or what was drawn before.
nlohmann::ordered_json probe_encoder(const nn::FrozenEncoder& encoder, const ProbeSet& set, std::int64_t window,
                                     std::int64_t windows_per_patient, std::uint64_t seed, torch::Device device);

/// The whole of `gdm-encoder probe`: loads encoder and cases.
nlohmann::ordered_json probe_file(const Manifest& manifest, const net::ProbeOptions& options,
                                  const net::Compute& compute, Provenance& provenance);

}  // namespace gdm::train
