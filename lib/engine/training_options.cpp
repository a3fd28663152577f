#include "engine/training_options.hpp"

#include "model/generator_shape.hpp"
#include "model/scaling_choice.hpp"

namespace gdm::engine {
namespace {

using O = TrainOptions;

bool drifts(const O& o) {
  return o.objective == Objective::gdm;
}

bool compares_features(const O& o) {
  return o.compares_features();
}

bool meets_bank(const O& o) {
  return drifts(o) || o.objective == Objective::frechet;
}

bool is_adversarial(const O& o) {
  return o.objective == Objective::gan;
}

bool learns_process(const O& o) {
  return o.learns_process();
}

bool predicts_volume(const O& o) {
  return !o.learns_process();
}

bool draws_noise(const O& o) {
  return o.noise_channels > 0;
}

bool is_flow_from_image(const O& o) {
  return o.objective == Objective::flow && o.source != "noise";
}

bool is_bridge(const O& o) {
  return o.objective == Objective::bridge;
}

bool is_diffusion(const O& o) {
  return o.objective == Objective::diffusion;
}

void default_frechet(O& o) {
  o.frechet = o.objective == Objective::frechet ? 0.15 : 0.0;
}

void default_adversarial(O& o) {
  o.adversarial = is_adversarial(o) ? 0.1 : 0.0;
}

void default_source(O& o) {
  o.source = is_bridge(o) ? "input" : "noise";
}

/// The name of a file alone, as its folder is nothing to others.
Json source_name(const O& o) {
  return !o.learns_process() ? Json()
                             : Json(o.has_base() ? std::filesystem::path(o.source).filename().string() : o.source);
}

/// There is an objective beside fidelity.
bool has_sides(const O& o) {
  return !o.plain_regression();
}

void preset_widths(O& o) {
  o.widths = model::generator_preset(o.preset).widths;
}

void preset_blocks(O& o) {
  o.blocks = model::generator_preset(o.preset).blocks;
}

void preset_patch(O& o) {
  o.patch = model::generator_preset(o.preset).patch;
}

void preset_batch(O& o) {
  o.batch = model::generator_preset(o.preset).batch;
}

Words preset_names() {
  Words names;
  for (const model::GeneratorPreset& preset : model::generator_presets()) names.push_back(preset.name);
  return names;
}

void default_perceptual(O& o) {
  const double beside_drift = o.encoders.empty() ? 0.0 : 0.15;
  o.perceptual = o.objective == Objective::perceptual ? 0.3 : drifts(o) ? beside_drift : 0.0;
}

void default_ssim(O& o) {
  o.ssim = meets_bank(o) ? 0.2 : 0.0;
}

bool is_consistent(const O& o) {
  return o.consistency > 0;
}

Json init_name(const O& o) {
  return o.init.empty() ? Json() : Json(o.init.filename().string());
}

/// "last", or "best mae" and the like.
Json kept(const O& o) {
  return o.keep == Keep::best ? name_of(o.keep) + " " + name_of(o.score) : name_of(o.keep);
}

Json ssim_beside_fidelity(const O& o) {
  return has_sides(o) ? Json(o.ssim) : Json();
}

OptionTable<O> files() {
  return {
      option("output", &O::output, "FILE.safetensors",
             "Model to write; FILE.checkpoint beside it holds an unfinished run")
          .short_as("o")
          .ends_in(".safetensors")
          .of_this_run(),
      choice(
          "objective", &O::objective,
          "What joins regression (masked L1): drift in banks, features of the own target, nothing, a discriminator, a "
          "Frechet distance in banks; or a process of several evaluations instead")
          .recorded("objective"),
      option("bank", &O::banks, "FILE", "Bank of real features with its encoder; several take turns")
          .used_if(compares_features),
      option("encoder", &O::encoders, "FILE|NAME",
             "Encoder of the perceptual objective beside those of the banks; without either: scattering-ct")
          .used_if(compares_features),
      option("init", &O::init, "FILE", "Begin with the weights of this generator").recorded_as("init", init_name),
      option("log", &O::log, "FILE", "JSON-lines log; default: the output with .log.jsonl").of_this_run(),
      option("plot", &O::plot, "FILE.png", "Picture of the curves, drawn anew at each validation")
          .ends_in(".png")
          .of_this_run()};
}

OptionTable<O> data_and_size() {
  return {
      option("conditions", &O::conditions, "NAME,NAME,...",
             "Inputs that the generator sees, in order; default: fbp, or for mr2ct all that are no label maps")
          .comma_separated(),
      option("scaling", &O::scalings, "NAME=KIND",
             "How an input's values are scaled: NAME=hu|percentile|zscore|range[:LOW:HIGH]; default: by its values")
          .read_by(model::parse_scaling),
      number("steps", &O::steps, 1, 100000000, "Optimiser steps").recorded("steps"),
      number("batch", &O::batch, 1, 1024, "Patches in a step").recorded("batch").derived(preset_batch),
      number("accumulate", &O::accumulate, 1, 1024, "Batches whose gradients are averaged for a step")
          .recorded("accumulate"),
      shape("patch", &O::patch, "Patch in voxels: a cube's edge, or a shape such as 128x128x8 that holds whole slices")
          .described_as("patch_voxels")
          .derived(preset_patch),
      choice("preset", &O::preset, preset_names(),
             "Size: sets what is not given of --widths, --blocks, --patch, --batch"),
      choice("augment", &O::augment, {"none", "light", "strong"},
             "Turn, scale and shade patches a little at random; not for reconstructions")
          .recorded_if_changed("augment"),
      number("fresh-noise", &O::fresh_noise_hu, 0.0, 1e4,
             "Add noise of this standard deviation in HU, with the spectrum of an FBP's, to the fbp of each patch")
          .recorded_if_changed("fresh_noise_hu"),
      option("cache", &O::cache_bytes, "SIZE|auto",
             "Memory for cases, such as 800M or 12G; others are read again when needed; auto: half of the free",
             ByteSize{})
          .of_this_run(),
      option("widths", &O::widths, "N,N,...", "Channels of the generator's levels")
          .described_as("widths")
          .derived(preset_widths),
      number("blocks", &O::blocks, 1, 16, "Residual blocks of each level, down and up; the deepest has one more")
          .described_as("blocks")
          .derived(preset_blocks),
      number("noise-channels", &O::noise_channels, 0, 16, "Inputs of normal noise, for one output of many")
          .described_as("noise_channels"),
      number("draws", &O::draws, 1, 64,
             "Draws of this noise that each patch is seen with; from 2 on fidelity is their energy score")
          .used_if(draws_noise)
          .recorded_if_changed("draws")};
}

OptionTable<O> processes() {
  return {
      option("source", &O::source, "noise|input|FILE",
             "What a process begins with: noise, the first input, or what the regression in FILE makes of the inputs; "
             "default: noise, with bridge: input")
          .used_if(learns_process)
          .derived(default_source)
          .recorded_as("process.source", source_name)
          .default_in_words(),
      number("source-noise", &O::source_noise_hu, 0.0, 2000.0,
             "Standard deviation in HU of the noise that a flow adds to an image that it begins with")
          .used_if(is_flow_from_image)
          .recorded("process.source_noise_hu"),
      number("bridge-beta", &O::bridge_beta, 0.01, 10.0, "Width of a bridge: its paper's beta_max")
          .used_if(is_bridge)
          .recorded("process.bridge_beta"),
      flag("bridge-ode", &O::bridge_ode, "A bridge without noise: from image to image along the mean")
          .used_if(is_bridge)
          .recorded("process.bridge_ode"),
      choice("noise-schedule", &O::schedule, "Noise levels of a diffusion")
          .used_if(is_diffusion)
          .recorded("process.noise_schedule"),
      number("nfe", &O::evaluations, 1, 1000,
             "Network evaluations for one image of a process, in validation and unless gdm-synth is told otherwise")
          .used_if(learns_process)
          .recorded("process.evaluations")};
}

OptionTable<O> optimisation() {
  return {number("learning-rate", &O::learning_rate, 1e-8, 1.0, "Peak learning rate").recorded("learning_rate"),
          number("ema", &O::ema, 0.0, 0.99999, "Decay of the weights' moving average").recorded("ema"),
          choice("precision", &O::precision, "Arithmetic of the networks in training; weights and losses stay fp32")
              .recorded("precision"),
          number("checkpoint-every", &O::checkpoint_every, 1, 100000000, "Steps between checkpoints").of_this_run(),
          number("validate-every", &O::validate_every, 1, 100000000, "Steps between validations"),
          choice("keep", &O::keep, "Weights to write: the last, or the best of those validated with all objectives on")
              .recorded_as("keep", kept),
          choice("score", &O::score, "What best means: a mean over the validation cases, inside the mask"),
          number("max-time", &O::max_time_s, 0.0, 1e9, "Stop with a checkpoint after this many seconds; 0: no limit")
              .of_this_run(),
          flag("restart", &O::restart, "Begin anew even if a checkpoint exists").of_this_run(),
          flag("allow-leak", &O::allow_leak,
               "Train although a bank, an encoder or --init was made from a patient of the val or test split")
              .of_this_run()};
}

OptionTable<O> shares() {
  return {
      number("drift-start", &O::drift_start, 0.0, 1.0, "Part of the steps that are regression alone")
          .used_if(has_sides)
          .recorded("start"),
      number("drift", &O::drift, 0.0, 10.0,
             "Size of the drift gradient relative to the fidelity gradient, at the volume")
          .used_if(drifts)
          .recorded("drift.share"),
      number("perceptual", &O::perceptual, 0.0, 10.0,
             "The same of the perceptual gradient; default: 0.3 with perceptual, 0.15 with gdm and --encoder, else 0")
          .used_if(compares_features)
          .recorded("perceptual")
          .derived(default_perceptual)
          .default_in_words(),
      number("ssim", &O::ssim, 0.0, 10.0,
             "The same of the gradient of 1 - SSIM, with any objective; default: 0.2 with gdm and frechet, else 0")
          .used_if(predicts_volume)
          .recorded_as("ssim", ssim_beside_fidelity)
          .derived(default_ssim)
          .default_in_words(),
      number("frechet", &O::frechet, 0.0, 10.0,
             "The same of the Frechet distance to the bank's features; default: 0.15 with frechet")
          .used_if([](const O& o) { return o.objective == Objective::frechet; })
          .recorded("frechet")
          .derived(default_frechet)
          .default_in_words(),
      number("adversarial", &O::adversarial, 0.0, 10.0, "The same of what a discriminator says; default: 0.1 with gan")
          .used_if(is_adversarial)
          .recorded("adversarial")
          .derived(default_adversarial)
          .default_in_words(),
      choice("adversarial-loss", &O::adversarial_loss, "What discriminator and generator minimise")
          .used_if(is_adversarial)
          .recorded("adversarial_loss"),
      number("r1", &O::r1, 0.0, 1e3, "Weight of the penalty on the discriminator's gradient at real patches; 0: none")
          .used_if(is_adversarial)
          .recorded("r1"),
      number("discriminator-rate", &O::discriminator_rate, 1e-8, 1.0, "Learning rate of the discriminator")
          .used_if(is_adversarial)
          .recorded("discriminator_rate"),
      number("gradient-l1", &O::gradient_l1, 0.0, 10.0,
             "The same of an L1 of image gradients, with any objective: less error for less realism")
          .used_if(predicts_volume)
          .recorded_if_changed("gradient_l1"),
      number("projection", &O::projection, 0.0, 10.0,
             "The same of the squared error of the rays of inputs.sinogram, with any objective")
          .used_if(predicts_volume)
          .recorded_if_changed("projection"),
      number("share-end", &O::share_end, 0.0, 10.0,
             "Factor on these shares at the last step, linear from 1 at --drift-start")
          .used_if(has_sides)
          .recorded("share_end"),
      number("consistency", &O::consistency, 0, 1000,
             "Iterations of data consistency with inputs.sinogram behind the network, in training and in use; 0: none")
          .used_if(predicts_volume)
          .recorded_if_changed("consistency.iterations"),
      number("consistency-pull", &O::consistency_pull_mm2, 0.0, 1e9,
             "Weight in mm^2 of their distance from the network's output; 0: none")
          .used_if(is_consistent)
          .recorded_if_changed("consistency.pull_mm2"),
      choice("coordination", &O::coordination, "How the gradients are brought together")
          .used_if(has_sides)
          .recorded("coordination.mode"),
      number("conflict", &O::conflict, 0.0, 1.0, "Part of a gradient's opposition to fidelity that is projected away")
          .used_if(has_sides)
          .recorded("coordination.conflict"),
      number("conflict-edge", &O::conflict_edge, 0, 256,
             "Find it in cubes of this edge in voxels; 0: in the whole patch")
          .used_if(has_sides)
          .recorded("coordination.conflict_edge")};
}

OptionTable<O> features() {
  return {
      number("taps", &O::taps, 0, 64, "Use so many of the finest feature maps of each encoder; 0: all")
          .used_if(compares_features)
          .recorded("taps"),
      number("weight-global", &O::weight_global, 0.0, 1e3, "Weight of the global level")
          .used_if(meets_bank)
          .recorded("drift.weight_global"),
      number("weight-local", &O::weight_local, 0.0, 1e3, "Weight of the local level")
          .used_if(meets_bank)
          .recorded("drift.weight_local"),
      number("weight-spatial", &O::weight_spatial, 0.0, 1e3, "Weight of the spatial level")
          .used_if(meets_bank)
          .recorded("drift.weight_spatial"),
      number("pair-weight", &O::pair_weight, 0.0, 1e3,
             "Weight of a patient's own real features among the positives; 0: none")
          .used_if(drifts)
          .recorded("drift.pair_weight"),
      number("set-global", &O::set_global, 1, 65536, "Real features, and remembered generated ones, that a patch meets")
          .used_if(drifts)
          .recorded("drift.set_global"),
      number("set-local", &O::set_local, 16, 65536, "The same for each place at the local level")
          .used_if(drifts)
          .recorded("drift.set_local"),
      number("ring-batches", &O::ring_batches, 1, 1000000, "Batches after which generated features are forgotten")
          .used_if(meets_bank)
          .recorded("drift.ring_batches"),
      numbers("temperatures", &O::temperatures, 1e-4, 100.0, "Kernel widths relative to the mean distance")
          .used_if(drifts)
          .recorded("drift.temperatures")};
}

}  // namespace

const OptionTable<TrainOptions>& training_options() {
  static const OptionTable<O> table = [] {
    OptionTable<O> all;
    for (const OptionTable<O>& part : {files(), data_and_size(), optimisation(), shares(), features(), processes()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return table;
}

Json training_settings(const TrainOptions& options, std::uint64_t seed) {
  static const Words order{"objective",
                           "steps",
                           "batch",
                           "accumulate",
                           "learning_rate",
                           "ema",
                           "precision",
                           "seed",
                           "init",
                           "keep",
                           "augment",
                           "fresh_noise_hu",
                           "draws",
                           "coordination.mode",
                           "coordination.conflict",
                           "coordination.conflict_edge",
                           "start",
                           "share_end",
                           "ssim",
                           "gradient_l1",
                           "projection",
                           "consistency.iterations",
                           "consistency.pull_mm2",
                           "perceptual",
                           "frechet",
                           "adversarial",
                           "adversarial_loss",
                           "r1",
                           "discriminator_rate",
                           "taps",
                           "drift.share",
                           "drift.weight_global",
                           "drift.weight_local",
                           "drift.weight_spatial",
                           "drift.pair_weight",
                           "drift.temperatures",
                           "process.source",
                           "process.source_noise_hu",
                           "process.bridge_beta",
                           "process.bridge_ode",
                           "process.noise_schedule",
                           "process.evaluations"};
  Settings all = settings(training_options(), options);
  all.emplace_back("seed", seed);
  return settings_object(std::move(all), order);
}

}  // namespace gdm::engine
