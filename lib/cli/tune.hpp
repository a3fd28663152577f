// `gdm-recon tune`: the strength of total variation that validation cases ask for.
#pragma once

#include <string>

#include "cli/iterative.hpp"

namespace gdm::cli {

struct TuneCommand {
  fs::path manifest;
  IterativeChoice choice;
  std::string split = "val";
  std::string by = "rmse";
};
void add_tune_command(Program& program, TuneCommand& command);

}  // namespace gdm::cli
