// `gdm-prep n4`: MR without the smooth gain of receive coils.
#pragma once

#include <string>

#include "cli/app.hpp"
#include "cli/new_set.hpp"
#include "prep/bias_field.hpp"

namespace gdm::cli {

struct N4Command {
  NewSet set;
  std::string of;
  fs::path mask;
  bool write_field = false;
  prep::BiasOptions options;
};
void add_n4_options(CLI::App& command, N4Command& n4);
/// Returns the exit code; throws Error.
int run_n4(const Program& program, const N4Command& n4);

}  // namespace gdm::cli
