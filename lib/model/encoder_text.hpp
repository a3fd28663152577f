// What is known about an encoder, for people. Needs no network library.
#pragma once

#include <string>

#include "io/json.hpp"
#include "io/safetensors.hpp"

namespace gdm::model {

/// One line for what the probe measured (the JSON object of train/probe.hpp).
std::string probe_text(const Json& probe);

/// The description of an encoder file with "norms" (kinds of norm layers), "parameters" (0 where unknown) and "sha256"
/// added. Throws Error if it is not an encoder.
Json encoder_info(const SafetensorsFile& file);

/// The same as lines for `gdm-encoder info`; what the description lacks is left out.
std::string encoder_text(const Json& info);

}  // namespace gdm::model
