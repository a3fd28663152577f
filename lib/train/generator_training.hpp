// Training of the generator: supervised regression, and on top of it objectives in feature space.
#pragma once

#include "engine/compute.hpp"
#include "engine/training.hpp"
#include "io/json.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"

namespace gdm::train {

/// objective "regression": masked L1 with weight 0.05 outside the mask.
/// objectives "perceptual" and "gdm": the same until drift_start * steps, then the gradients of fidelity and of the
/// other objectives (train/objectives.hpp) are coordinated at the predicted volume, and one backward pass follows.
/// Writes the averaged weights: the last ones, or with options.keep "best" those of the validation with the best score
/// among the validations at which every objective had its full share. Returns false if stopped by a signal or the time
/// limit.
bool train_generator(const Manifest& manifest, const engine::TrainOptions& options, const engine::Compute& compute,
                     Provenance& provenance);

/// Reads and checks everything that train_generator() would, an unfinished run's checkpoint included, makes real steps
/// on real patches without keeping what they change, and returns {"first_step", "steps", "step_s" (regression alone),
/// "objective_step_s" (with the other objectives; null without), "validation_s", "remaining_s", "peak_memory_mib" (of
/// main memory), "model": the description that the model would begin with, "writes": [PATH..]}.
Json plan_training(const Manifest& manifest, const engine::TrainOptions& options, const engine::Compute& compute,
                   Provenance& provenance);

}  // namespace gdm::train
