// The options of `gdm-encoder pretrain`, each with everything that is known of it.
#pragma once

#include "engine/encoder.hpp"
#include "engine/option_table.hpp"
#include "io/json.hpp"

namespace gdm::engine {

/// In the order of help and manual page.
const OptionTable<PretrainOptions>& pretrain_options();

/// What changes the weights, as encoders describe it and checkpoints compare it. `others`: what no option alone
/// decides, among them "ema", "seed", "augment" (the strengths in effect) and "data". Keys come in an order that stays,
/// because an object of another order is another one to a checkpoint.
Json pretrain_settings(const PretrainOptions& options, Settings others);

}  // namespace gdm::engine
