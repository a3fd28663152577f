// `gdm-recon consistency`: a prediction of any method brought back to what the rays have measured.
#pragma once

#include "cli/recon_step.hpp"

namespace gdm::cli {

struct ConsistencyCommand : ReconOptions {
  fs::path start;  ///< the CT of a single sinogram; of a manifest each case's prediction
  std::int64_t iterations = 3;
  double pull_mm2 = 0.0, discrepancy = 0.0;
  std::string weights = "auto";
};
void add_consistency_command(Program& program, ConsistencyCommand& command);

}  // namespace gdm::cli
