// `gdm-prep qc`: a picture of each case and one sheet of all, to look at data before anything is trained on them.
#pragma once

#include "cli/app.hpp"
#include "cli/batch.hpp"

namespace gdm::cli {

struct QcCommand {
  fs::path input, output;
  BatchOptions batch;
  double level_hu = 100, width_hu = 1000;
};
void add_qc_options(CLI::App& command, QcCommand& qc);
/// Returns the exit code; throws Error.
int run_qc(const Program& program, const QcCommand& qc);

}  // namespace gdm::cli
