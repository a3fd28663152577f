// The options of `gdm-featbank build`, each with everything that is known of it.
#pragma once

#include "engine/bank.hpp"
#include "engine/option_table.hpp"

namespace gdm::engine {

/// In the order of help and manual page.
const OptionTable<BankOptions>& bank_options();

}  // namespace gdm::engine
