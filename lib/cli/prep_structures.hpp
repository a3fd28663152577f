// `gdm-prep structures`: the contours of an RT Structure Set as masks on the grid of a volume or a series.
#pragma once

#include <string>
#include <vector>

#include "cli/app.hpp"

namespace gdm::cli {

struct StructuresCommand {
  std::filesystem::path structure_set, reference, output;
  std::vector<std::string> only;
  bool any_frame = false;
};
void add_structures_options(CLI::App& command, StructuresCommand& structures);
/// Returns the exit code; throws Error.
int run_structures(const Program& program, const StructuresCommand& structures);

}  // namespace gdm::cli
