// `gdm-recon project`: from CT to sinograms, with the noise of counts.
#pragma once

#include <string>

#include "cli/recon_step.hpp"
#include "cli/sinogram_options.hpp"

namespace gdm::cli {

struct ProjectCommand : ReconOptions {
  std::int64_t views = 24;
  std::string detectors = "auto";
  GeometryFile geometry;
  std::string subset;  ///< of the geometry's views
  std::int64_t oversample = 1;
  double photons = 0, electronic_counts = 0, bow_tie_radius_mm = 0;
  double mu_water_per_mm = 0;
};
void add_project_command(Program& program, ProjectCommand& command);

}  // namespace gdm::cli
