// Where the cases of a manifest stand in its text: the JSON parser keeps no positions, and people look for lines.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace gdm {

/// `text` is a valid JSON object. For each element of its array "cases": the line, counted from 1, on which the element
/// begins. Empty without such an array, and where the key is spelt with escapes.
std::vector<std::size_t> case_lines(std::string_view text);

}  // namespace gdm
