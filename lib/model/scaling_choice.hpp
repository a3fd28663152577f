// How a user says that an input's values are to be scaled (nn/condition.hpp tells what each kind does).
#pragma once

#include <array>
#include <optional>
#include <string>

namespace gdm::model {

struct ScalingChoice {
  std::string name, kind;                      ///< of the input; hu, percentile, zscore or range
  std::optional<std::array<double, 2>> range;  ///< of "range": raw values; without, the training cases tell
};

/// "NAME=KIND" or "NAME=range:LOW:HIGH". Throws Error with Exit::usage.
ScalingChoice parse_scaling(const std::string& text);

/// Whether there is a scaling of this name.
bool is_scaling(const std::string& kind);

}  // namespace gdm::model
