// What makes a checkpoint that of another run, in the words of the command line.
#pragma once

#include <string>

#include "io/json.hpp"

namespace gdm::train {

/// "--steps 100 there, 60 here; the training data" for two configurations (LoopPlan) that differ; options are named
/// after their keys. At most four, and how many more.
std::string configuration_difference(const Json& there, const Json& here);

}  // namespace gdm::train
