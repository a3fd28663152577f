#include "engine/pretrain_options.hpp"

namespace gdm::engine {
namespace {

using O = PretrainOptions;

bool restores(const O& o) {
  return o.task == "masked";
}

OptionTable<O> task() {
  return {
      option("output", &O::output, "FILE.safetensors", "Encoder to write")
          .short_as("o")
          .ends_in(".safetensors")
          .needed(),
      choice("task", &O::task, {"masked", "segment", "segment+contrast"},
             "masked: restore hidden cubes; segment: classes of labels or HU in images of random appearance; "
             "segment+contrast: and tell places apart")
          .recorded("task"),
      option("volumes", &O::volumes, "auto|target|NAME",
             "target, or the name of an input; auto: the target, for segment the input 'labels' if there is one"),
      choice("scaling", &O::scaling, {"auto", "hu", "percentile"},
             "Values of the volumes; auto: HU for target and fbp"),
      number("spacing", &O::spacing_mm, 0.0, 12.5,
             "Isotropic voxel edge in mm to resample to first; 0: voxels as they are"),
      choice("augment", &O::augment, {"auto", "none", "light", "medium", "strong"},
             "Random appearance; auto: light for masked, strong for segment, medium for segment+contrast")
          .described_as("augment"),
      option("classes", &O::classes_file, "FILE.json|NAME",
             "Which labels make a class, as JSON; default: the manifest's \"classes\", else each label is one"),
      number("mask-ratio", &O::mask_ratio, 0.05, 0.95, "Part of the patch that is hidden (masked)")
          .used_if(restores)
          .recorded("mask_ratio"),
      number("mask-cube", &O::mask_cube, 1, 64, "Edge of the hidden cubes in voxels (masked)")
          .used_if(restores)
          .recorded("mask_cube_voxels"),
      choice("stem", &O::stem, {"space-to-depth", "conv"},
             "First layer: 2x2x2 blocks to channels, or an overlapping convolution")
          .described_as("stem"),
      option("widths", &O::widths, "N,N,...", "Channels of the stages (strides 2, 4, 8, ...)").described_as("widths")};
}

OptionTable<O> optimisation() {
  return {number("steps", &O::steps, 1, 100000000, "Optimiser steps").recorded("steps"),
          number("batch", &O::batch, 1, 1024, "Patches in a step").recorded("batch"),
          number("patch", &O::patch, 16, 256, "Patch edge in voxels").recorded("patch_voxels"),
          number("learning-rate", &O::learning_rate, 1e-8, 1.0, "Peak learning rate").recorded("learning_rate"),
          option("log", &O::log, "FILE", "JSON-lines log; default: the output with .log.jsonl"),
          number("checkpoint-every", &O::checkpoint_every, 1, 100000000, "Steps between checkpoints"),
          number("validate-every", &O::validate_every, 1, 100000000, "Steps between validations on the val split")
              .recorded("validate_every"),
          number("max-time", &O::max_time_s, 0.0, 1e9, "Stop with a checkpoint after this many seconds; 0: no limit"),
          flag("restart", &O::restart, "Begin anew even if a checkpoint exists"),
          option("card", &O::card_file, "FILE", "Text about data, purpose and limits that the encoder carries")};
}

}  // namespace

const OptionTable<PretrainOptions>& pretrain_options() {
  static const OptionTable<O> table = [] {
    OptionTable<O> all = task();
    for (const Option<O>& option : optimisation()) all.push_back(option);
    return all;
  }();
  return table;
}

Json pretrain_settings(const PretrainOptions& options, Settings others) {
  static const Words order{"task", "steps", "batch",   "patch_voxels",   "learning_rate",
                           "ema",  "seed",  "augment", "validate_every", "data"};
  Settings all = settings(pretrain_options(), options);
  all.insert(all.end(), others.begin(), others.end());
  return settings_object(std::move(all), order);
}

}  // namespace gdm::engine
