// `gdm-recon fbp` and `gdm-recon fdk`: filtered back-projection of parallel beams, and of all geometries.
#pragma once

#include <optional>
#include <string>

#include "cli/recon_step.hpp"
#include "cli/sinogram_options.hpp"

namespace gdm::cli {

struct AnalyticChoice {
  std::string filter = "hann";
  double cutoff = 1.0;            ///< of the Nyquist frequency
  std::string mask_fov = "none";  ///< HU outside the field of view
  OutputGrid grid;
};

/// In HU; `seconds`: of the computation, if it is asked for. Throws Error naming the file.
Volume reconstruct_analytic(const fs::path& sinogram, const AnalyticChoice& choice, double* seconds = nullptr);

/// What the sidecar of a reconstruction tells of its making (ct/acquisition.hpp).
Json analytic_record(const fs::path& sinogram, const AnalyticChoice& choice);

struct AnalyticCommand : ReconOptions {
  AnalyticChoice choice;
};
void add_fbp_command(Program& program, AnalyticCommand& command);
void add_fdk_command(Program& program, AnalyticCommand& command);

}  // namespace gdm::cli
