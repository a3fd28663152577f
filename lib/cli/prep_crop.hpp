// `gdm-prep crop`: volumes cut to the box around the body.
#pragma once

#include "cli/app.hpp"
#include "cli/new_set.hpp"

namespace gdm::cli {

struct CropCommand {
  NewSet set;
  fs::path mask;
  double margin_mm = 10;
};
void add_crop_options(CLI::App& command, CropCommand& crop);
/// Returns the exit code; throws Error.
int run_crop(const Program& program, const CropCommand& crop);

}  // namespace gdm::cli
