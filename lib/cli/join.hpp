// `gdm-prep join`: the manifests of shards become one.
#pragma once

#include "cli/app.hpp"

namespace gdm::cli {

/// Adds the command to the program.
void add_join(Program& program);

}  // namespace gdm::cli
