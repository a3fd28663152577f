// Options that commands of gdm-recon share: which scan a file tells, which views of it, and grids of reconstructions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "ct/sinogram_file.hpp"

namespace gdm::cli {

namespace fs = std::filesystem;

/// A geometry file, with what RTK's lacks.
struct GeometryFile {
  fs::path path;
  std::vector<std::int64_t> detector;
  std::vector<double> spacing_mm;
};
/// --detector and --detector-spacing; the name of the file is the command's.
void add_detector_options(CLI::App& command, GeometryFile& file);
/// Throws Error with Exit::usage for one of the two alone.
ct::Geometry read_geometry_file(const GeometryFile& file);

/// "0:2:358" (first, step, last; both included), "0:9" (step 1) or "0,4,17". Throws Error with Exit::usage.
std::vector<std::int64_t> views_from_text(const std::string& text);

/// One line if the object is wider than the detector; `name` begins it.
void warn_of_truncation(const ct::StoredSinogram& stored, const std::string& name);

/// --spacing, one number of mm or three between commas.
void add_spacing(CLI::App& command, std::vector<double>& spacing_mm, const std::string& help);

/// --grid FILE or --spacing.
struct OutputGrid {
  fs::path file;
  std::vector<double> spacing_mm;
};
void add_output_grid(CLI::App& command, OutputGrid& grid);
/// That of the file, or the field of `otherwise` in other voxels; none if neither is asked for. Throws Error with
/// Exit::usage for both.
std::optional<Grid> output_grid(const OutputGrid& grid, const Grid& otherwise);

}  // namespace gdm::cli
