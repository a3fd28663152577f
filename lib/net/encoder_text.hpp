// What is known about an encoder, for people. Needs no network library.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace gdm::net {

/// One line for what the probe measured (the JSON object of train/probe.hpp).
std::string probe_text(const nlohmann::ordered_json& probe);

/// Data, steps, validation, probe and card of an encoder's description: several lines, for `gdm-encoder info`; what the
/// description lacks is left out.
std::string training_text(const nlohmann::ordered_json& description);

}  // namespace gdm::net
