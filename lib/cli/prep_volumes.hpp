// `gdm-prep resample` and `gdm-prep reorient`: the library's prep/ with a batch around it, or for one volume.
#pragma once

#include <string>
#include <vector>

#include "cli/app.hpp"
#include "cli/new_set.hpp"

namespace gdm::cli {

struct ResampleCommand {
  NewSet set;
  std::string like, spacing, interpolation = "linear", kind = "image";
  std::vector<std::string> fill, labels;
};
void add_resample_options(CLI::App& command, ResampleCommand& resample);
int run_resample(const Program& program, const ResampleCommand& resample);

struct ReorientCommand {
  NewSet set;
  std::string letters;
};
void add_reorient_options(CLI::App& command, ReorientCommand& reorient);
int run_reorient(const Program& program, const ReorientCommand& reorient);

}  // namespace gdm::cli
