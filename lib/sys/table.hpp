// Tables for people: columns padded with blanks.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace gdm {

using Row = std::vector<std::string>;

/// Columns padded to their widest cell and parted by two blanks; the first `left` of them to the left, then all to the
/// right but those from `last_left` on. Lines end without blanks.
std::string aligned(const std::vector<Row>& rows, std::size_t left, std::size_t last_left = 1000);

}  // namespace gdm
