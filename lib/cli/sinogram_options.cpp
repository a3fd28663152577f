#include "cli/sinogram_options.hpp"

#include <fmt/format.h>

#include <charconv>

#include "ct/geometry_file.hpp"
#include "image/regrid.hpp"
#include "io/nifti/nifti.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

constexpr std::int64_t most_views = 1000000;

std::int64_t view_from_text(std::string_view text) {
  std::int64_t view = -1;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), view);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || view < 0 || view >= most_views) {
    throw Error(fmt::format("'{}' is no number of a view: expected 0 to {}", text, most_views - 1), Exit::usage);
  }
  return view;
}

std::vector<std::int64_t> numbers_between(std::string_view text, char separator) {
  std::vector<std::int64_t> numbers;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(separator, from), text.size());
    numbers.push_back(view_from_text(text.substr(from, to - from)));
    from = to + 1;
  }
  return numbers;
}

}  // namespace

void add_detector_options(CLI::App& command, GeometryFile& file) {
  command.add_option("--detector", file.detector, "Columns and rows, which RTK's file does not tell")
      ->expected(2)
      ->transform(range(1, 32767))
      ->type_name("N");
  command.add_option("--detector-spacing", file.spacing_mm, "Between columns and between rows, for RTK's file")
      ->expected(2)
      ->transform(range(1e-6, 1e6))
      ->type_name("MM");
}

ct::Geometry read_geometry_file(const GeometryFile& file) {
  if (file.detector.empty() != file.spacing_mm.empty()) {
    throw Error("--detector and --detector-spacing go together", Exit::usage);
  }
  if (file.detector.empty()) return ct::read_geometry(file.path);
  const ct::Detector detector{file.detector[0], file.detector[1], file.spacing_mm[0], file.spacing_mm[1]};
  return ct::read_geometry(file.path, &detector);
}

std::vector<std::int64_t> views_from_text(const std::string& text) {
  if (text.find(':') == std::string::npos) return numbers_between(text, ',');
  const std::vector<std::int64_t> parts = numbers_between(text, ':');
  if (parts.size() > 3) throw Error(fmt::format("'{}' is not FIRST:STEP:LAST", text), Exit::usage);
  const std::int64_t first = parts.front(), last = parts.back(), step = parts.size() == 3 ? parts[1] : 1;
  if (step < 1 || last < first) {
    throw Error(fmt::format("'{}': a step of {} from {} to {} is not possible", text, step, first, last), Exit::usage);
  }
  std::vector<std::int64_t> views;
  for (std::int64_t view = first; view <= last; view += step) views.push_back(view);
  return views;
}

void warn_of_truncation(const ct::StoredSinogram& stored, const std::string& name) {
  if (ct::sees_nothing(stored)) {
    log_warning(name + ": no ray goes through the patient; the isocentre or the detector's offset may be wrong");
    return;
  }
  const double share = ct::truncated_share(stored);
  if (share == 0) return;
  log_warning(
      fmt::format("{}: the object is wider than the detector in {:.3g} % of the detector's rows over all views "
                  "(truncated projections)",
                  name, 100 * share));
}

void add_spacing(CLI::App& command, std::vector<double>& spacing_mm, const std::string& help) {
  command
      .add_option_function<std::string>(
          "--spacing", [&spacing_mm](const std::string& text) { spacing_mm = spacings_from_text(text); }, help)
      ->check(accepted_by(spacings_from_text, "spacing"))
      ->type_name("MM|MM,MM,MM");
}

void add_output_grid(CLI::App& command, OutputGrid& grid) {
  command.add_option("--grid", grid.file, "Volume whose grid the reconstruction gets instead of that of the scan")
      ->type_name("FILE");
  add_spacing(command, grid.spacing_mm, "Voxel edges, one or three, over the field of the scan's grid instead");
}

std::optional<Grid> output_grid(const OutputGrid& grid, const Grid& otherwise) {
  const std::vector<double>& mm = grid.spacing_mm;
  if (!grid.file.empty() && !mm.empty()) throw Error("--grid and --spacing do not go together", Exit::usage);
  if (!grid.file.empty()) {
    const Grid of_file = read_nifti_info(grid.file).grid;
    if (!of_file.is_orthogonal()) {
      throw Error(grid.file.string() + ": its axes are sheared, and a reconstruction needs an orthogonal grid");
    }
    return of_file;
  }
  if (mm.empty()) return {};
  return respaced(otherwise, mm.size() == 1 ? Point3{mm[0], mm[0], mm[0]} : Point3{mm[0], mm[1], mm[2]});
}

}  // namespace gdm::cli
