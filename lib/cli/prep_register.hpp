// `gdm-prep register`: one volume of each case brought onto the grid of another, or one volume onto the grid of a file.
#pragma once

#include <string>
#include <vector>

#include "cli/app.hpp"
#include "cli/new_set.hpp"

namespace gdm::cli {

struct RegisterCommand {
  NewSet set;
  std::string fixed = "target", moving, model = "rigid", starts = "flips", interpolation = "linear", kind = "image",
              spacing;
  std::vector<std::string> along;
  fs::path transform;
  double finest_mm = 2, control_mm = 40;
  bool accept_doubtful = false;
};
void add_register_options(CLI::App& command, RegisterCommand& registration);
int run_register(const Program& program, const RegisterCommand& registration);

}  // namespace gdm::cli
