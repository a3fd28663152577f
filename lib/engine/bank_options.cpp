#include "engine/bank_options.hpp"

#include "io/manifest.hpp"

namespace gdm::engine {
namespace {

using O = BankOptions;

constexpr std::int64_t shift_voxels = 8;  // of a view inside the patch that it is cut from

OptionTable<O> views() {
  return {
      option("encoder", &O::encoder, "FILE|NAME", "Frozen encoder").needed(),
      option("output", &O::output, "FILE.safetensors", "Bank to write").short_as("o").ends_in(".safetensors").needed(),
      choice("split", &O::split, Manifest::split_names(),
             "Cases to read; anything but train lets others into the bank"),
      number("patch", &O::patch, 16, 256, "Edge in voxels of the views that the encoder sees; a multiple of 8"),
      shape("training-patch", &O::training_patch,
            "--patch of the training, of whose patches these are views; default: 8 more than --patch")
          .derived([](O& o) { o.training_patch = o.patch + shift_voxels; })
          .default_in_words(),
      number("patches-per-case", &O::patches_per_case, 1, 4096, "Random patches of each case"),
      number("tokens-per-patch", &O::tokens_per_patch, 1, 64, "Local and spatial vectors kept of each patch and map"),
      number("spacing", &O::spacing_mm, 0.0, 12.5, "Isotropic voxel edge in mm to resample to; 0: voxels as they are")};
}

OptionTable<O> rows() {
  return {number("axial-bins", &O::axial_bins, 1, 32, "Strata along the superior-inferior extent of the body"),
          option("anatomy-key", &O::anatomy_key, "KEY", "Key in a case's meta that names its anatomy"),
          option("stratum-key", &O::stratum_key, "KEY", "Key in a case's meta for further strata"),
          number("capacity", &O::capacity, 1, 10000000, "Most rows of a key and stratum"),
          number("patient-cap", &O::patient_cap, 0, 10000000, "Of these at most so many from one patient; 0: no limit"),
          choice("sampling", &O::sampling, {"reservoir", "k-centre"},
                 "reservoir: a random sample; k-centre: farthest points of four times as many")};
}

}  // namespace

const OptionTable<BankOptions>& bank_options() {
  static const OptionTable<O> table = [] {
    OptionTable<O> all = views();
    for (const Option<O>& option : rows()) all.push_back(option);
    return all;
  }();
  return table;
}

}  // namespace gdm::engine
