// The options of gdm-drift-train, each with everything that is known of it.
#pragma once

#include "engine/option_table.hpp"
#include "engine/training.hpp"
#include "io/json.hpp"

namespace gdm::engine {

/// In the order of help and manual page.
const OptionTable<TrainOptions>& training_options();

/// What changes the weights, as models describe it and checkpoints compare it; `seed` is that of the run. Keys come in
/// an order that stays, because an object of another order is another one to a checkpoint.
Json training_settings(const TrainOptions& options, std::uint64_t seed);

}  // namespace gdm::engine
