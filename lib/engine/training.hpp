// What a training of a generator is told. training_options.hpp has a record for each field that an option sets.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/training_choices.hpp"
#include "io/json.hpp"
#include "model/patch_shape.hpp"
#include "model/process.hpp"
#include "sys/atomic_file.hpp"

namespace gdm::engine {

struct TrainOptions {
  std::vector<std::filesystem::path> banks;     ///< of real features, each with its encoder
  std::vector<std::filesystem::path> encoders;  ///< for the perceptual objective alone
  std::filesystem::path output, log;
  std::filesystem::path init;      ///< generator whose weights are the first ones; empty: random
  std::filesystem::path plot;      ///< picture of the curves, which `log_grew` draws; empty: none
  std::function<void()> log_grew;  ///< called at each validation and at the end; may be empty
  Overwrite overwrite = Overwrite::refuse;
  Objective objective = Objective::gdm;
  std::vector<std::string> conditions;  ///< names of inputs, in order; empty: data/conditions.hpp
  std::vector<std::string> scalings;    ///< of conditions, "NAME=KIND" (data/conditions.hpp)
  std::string preset = "base";  ///< widths, blocks, patch and batch that go together (model/generator_shape.hpp)
  std::vector<std::int64_t> widths{32, 64, 128};
  std::int64_t blocks = 1;          ///< residual blocks of a level; the deepest has one more
  std::int64_t noise_channels = 0;  ///< inputs beside the conditions that make the output stochastic
  std::int64_t draws = 1;           ///< of the noise for each patch in a step; of several, fidelity is the energy score
  std::int64_t steps = 4000;
  std::int64_t batch = 2;
  std::int64_t accumulate = 1;  ///< batches whose gradients are averaged for a step
  model::PatchShape patch = 48;
  std::string augment = "none";   ///< none | light | strong (data/patch_changes.hpp)
  double fresh_noise_hu = 0;      ///< standard deviation of noise added to the FBP; 0: none
  std::int64_t cache_bytes = -1;  ///< cases beyond it are read again when needed; -1: half of the free memory
  double learning_rate = 1e-3;
  double ema = 0.999;
  Precision precision = Precision::fp32;
  double drift_start = 0.6;  ///< fraction of the steps that are regression alone
  double drift = 0.15;       ///< share of the drift gradient at the predicted volume
  double perceptual = 0;     ///< share of the perceptual gradient there
  double ssim = 0;           ///< share of the gradient of 1 - SSIM there, with any objective
  double frechet = 0;        ///< the same of the Frechet distance in the bank's features
  double adversarial = 0;    ///< the same of what a discriminator says
  AdversarialLoss adversarial_loss = AdversarialLoss::least_squares;
  double r1 = 0;  ///< weight of the discriminator's penalty; 0: none
  double discriminator_rate = 2e-4;
  double gradient_l1 = 0;           ///< the same of the L1 of image gradients
  double projection = 0;            ///< the same of the squared error of the rays
  std::int64_t consistency = 0;     ///< iterations of data consistency behind the network; 0: none
  double consistency_pull_mm2 = 0;  ///< weight of their distance from the network's output
  double share_end = 1;             ///< factor on all shares at the last step; linear from drift_start, where it is 1
  Coordination coordination = Coordination::norm_pcgrad;
  double conflict = 1.0;           ///< kappa: part of a gradient that opposes fidelity and is removed
  std::int64_t conflict_edge = 0;  ///< edge in voxels of the cubes in which that is done; 0: the whole patch
  double weight_global = 0.25, weight_local = 0.5, weight_spatial = 1.0;
  std::int64_t taps = 0;     ///< finest feature maps of each encoder that are used; 0: all
  double pair_weight = 0.0;  ///< of the own patient's real features among the positives; 0: a marginal field
  std::int64_t set_global = 64, set_local = 256;  ///< real and remembered generated features of a problem, so many each
  std::int64_t ring_batches = 64;                 ///< batches after which generated features are forgotten
  std::vector<double> temperatures{0.05, 0.2, 0.5};
  std::string source = "noise";  ///< what a process begins with: noise, input, or the file of a regression
  double source_noise_hu = 100;  ///< of a flow from an image: standard deviation of what is added to it
  double bridge_beta = 0.3;      ///< of a bridge, and so on: model/process.hpp
  bool bridge_ode = false;
  model::NoiseSchedule schedule = model::NoiseSchedule::cosine;
  std::int64_t evaluations = 10;  ///< of a process's network for one image
  std::int64_t checkpoint_every = 500;
  std::int64_t validate_every = 500;
  Keep keep = Keep::last;
  Score score = Score::mae;  ///< what best means
  double max_time_s = 0;     ///< 0: no limit; reached: checkpoint and stop as for a signal
  bool restart = false;      ///< remove an existing checkpoint
  bool allow_leak = false;   ///< train although a file was made from patients of the val or test split
  Json options;              ///< as --config reads them; the model holds them

  /// Whether a process is learnt, which no objective at the predicted volume can join.
  bool learns_process() const {
    return objective == Objective::flow || objective == Objective::bridge || objective == Objective::diffusion;
  }
  /// Whether features of banks and encoders are compared.
  bool compares_features() const {
    return objective == Objective::gdm || objective == Objective::perceptual || objective == Objective::frechet;
  }
  /// Whether nothing joins fidelity at the predicted volume.
  bool plain_regression() const {
    const bool alone = objective == Objective::regression && ssim == 0 && gradient_l1 == 0 && projection == 0;
    return alone || learns_process();
  }
  /// Whether `source` is the file of a generator.
  bool has_base() const { return learns_process() && source != "noise" && source != "input"; }
  /// Whether inputs.sinogram of each case is read.
  bool needs_rays() const {
    return consistency > 0 || projection > 0 || (!plain_regression() && coordination == Coordination::null_space);
  }
};

}  // namespace gdm::engine
