// A step of several batches has one line in the log: the means of what each of them would have logged.
#pragma once

#include <vector>

#include "io/json.hpp"

namespace gdm::train {

/// Numbers with a fraction become their mean, objects and arrays are averaged entry by entry over those that have the
/// entry, anything else is the first's. A single value stays as it is. `values` must not be empty.
Json mean_of(const std::vector<Json>& values);

}  // namespace gdm::train
