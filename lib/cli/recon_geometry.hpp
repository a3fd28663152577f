// `gdm-recon geometry`: a geometry file is checked, described and drawn.
#pragma once

#include "cli/app.hpp"

namespace gdm::cli {

void add_geometry_command(Program& program);

}  // namespace gdm::cli
