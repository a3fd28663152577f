// Models with their weights in IEEE half precision: half the file for a change that no figure shows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "io/safetensors.hpp"

namespace gdm::model {

/// The bits of the binary16 nearest to `value` (IEEE 754, ties to even), subnormal ones among them; what lies beyond
/// 65504 becomes infinite, NaN stays NaN.
std::uint16_t half_bits(float value);

/// Writes the generator again, its float32 tensors in half precision; "half_precision_of" in its description is the
/// digest of the file's payload, and "card" a text for people, unless it is empty. Programs read both kinds alike and
/// compute in float32. Throws Error if `file` is no generator, if it holds no float32 tensor, or if a weight does not
/// fit.
void write_in_half_precision(const SafetensorsFile& file, const std::string& card, const std::filesystem::path& output,
                             Overwrite overwrite);

}  // namespace gdm::model
