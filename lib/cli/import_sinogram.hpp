// `gdm-recon import`: projections that other programs or scanners wrote become sinograms of gdm.
#pragma once

#include <string>
#include <vector>

#include "cli/sinogram_options.hpp"

namespace gdm::cli {

struct ImportCommand {
  fs::path input, output;
  std::string shape, type, axes = "u,v,view", views;
  bool big_endian = false, counts = false;
  std::int64_t skip_bytes = 0;
  std::string flat, dark;
  double photons = 0, mu_water_per_mm = 0;
  GeometryFile geometry;
  fs::path grid;
  std::vector<double> spacing_mm;
  std::string size;
};
void add_import_command(Program& program, ImportCommand& command);

}  // namespace gdm::cli
