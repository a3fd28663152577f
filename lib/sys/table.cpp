#include "sys/table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace gdm {

std::string aligned(const std::vector<Row>& rows, std::size_t left, std::size_t last_left) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c) {
      line += fmt::format(c < left || c >= last_left ? "{:<{}}" : "{:>{}}", row[c], widths[c]) + "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace gdm
