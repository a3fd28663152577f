#include "cli/import_sinogram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "cli/batch.hpp"
#include "cli/outputs.hpp"
#include "ct/axial.hpp"
#include "ct/measured.hpp"
#include "ct/sinogram_file.hpp"
#include "io/raw_array.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/memory.hpp"

namespace gdm::cli {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(',', from), text.size());
    words.push_back(text.substr(from, to - from));
    from = to + 1;
  }
  return words;
}

Index3 shape_from_text(const std::string& text) {
  const std::vector<std::string> words = words_of(text);
  Index3 shape{};
  for (std::size_t n = 0; n < words.size(); ++n) {
    std::int64_t value = 0;
    const char* end = words[n].data() + words[n].size();
    const auto parsed = std::from_chars(words[n].data(), end, value);
    if (words.size() != 3 || parsed.ec != std::errc() || parsed.ptr != end || value < 1 || value > 32767) {
      throw Error(fmt::format("'{}' is not three whole numbers from 1 to 32767 with commas between", text),
                  Exit::usage);
    }
    shape[n] = value;
  }
  return shape;
}

/// From the file's axes, such as "view,-v,u", to (u, v, view).
AxisMap axes_from_text(const std::string& text) {
  const std::array<std::string, 3> names{"u", "v", "view"};
  const std::vector<std::string> words = words_of(text);
  AxisMap map;
  std::size_t found = 0;
  for (std::size_t to = 0; to < 3; ++to) {
    const auto is_this = [&](const std::string& word) { return word == names[to] || word == "-" + names[to]; };
    const auto from = std::find_if(words.begin(), words.end(), is_this);
    if (from == words.end()) continue;
    map.source[to] = static_cast<std::size_t>(from - words.begin());
    map.flipped[to] = from->front() == '-';
    ++found;
  }
  if (words.size() != 3 || found != 3) {
    throw Error(fmt::format("'{}' is no order of u, v and view, with - before one that runs backwards", text),
                Exit::usage);
  }
  return map;
}

/// Any file of three axes, as it lies in it.
RawArray read_array(const fs::path& path, const ImportCommand& command) {
  if (without_nifti_suffix(path) != path) {
    NiftiInfo info;
    RawArray array;
    array.values = read_volume(path, info);
    array.type = info.slope == 1.0 && info.intercept == 0.0 ? info.datatype : "";
    return array;
  }
  if (is_meta_image(path)) return read_meta_image(path);
  if (command.shape.empty() || command.type.empty()) {
    throw Error(fmt::format("{}: is neither a NIfTI nor a MetaImage by its name; raw numbers need --shape and --type",
                            path.string()),
                Exit::usage);
  }
  return read_raw_array(path, {shape_from_text(command.shape), command.type, command.big_endian, command.skip_bytes});
}

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return {};
  return value;
}

/// A number, or the file of one view or more on the detector of the sinogram.
ct::Field field_of(const char* option, const std::string& text, const Volume& values, const ImportCommand& command) {
  ct::Field field;
  if (text.empty()) return field;
  if (const std::optional<double> number = number_of(text)) {
    if (!std::isfinite(*number) || *number < 0) {
      throw Error(fmt::format("--{}: '{}' is no number of counts, which are 0 or more", option, text), Exit::usage);
    }
    field.number = *number;
    return field;
  }
  ImportCommand of_field = command;
  const AxisMap axes = axes_from_text(command.axes);
  if (!command.shape.empty()) {  // of a raw field there is one view
    Index3 shape = shape_from_text(command.shape);
    shape[axes.source[2]] = 1;
    of_field.shape = fmt::format("{},{},{}", shape[0], shape[1], shape[2]);
    of_field.skip_bytes = 0;
  }
  const Volume views = ct::turned(read_array(text, of_field).values, axes);
  const Index3 &found = views.grid.shape_ijk, &expected = values.grid.shape_ijk;
  if (found[0] != expected[0] || found[1] != expected[1]) {
    throw Error(fmt::format("{}: holds {} x {} detector elements, the sinogram {} x {}", text, found[0], found[1],
                            expected[0], expected[1]));
  }
  return with_context(text, [&] { return ct::mean_field(views); });
}

void warn_of_share(const std::string& name, const char* kind, const std::string& what, std::int64_t part,
                   std::size_t whole) {
  if (part == 0) return;
  log_warning(fmt::format("{}: {} of {} {} ({:.3g} %) {}", name, part, whole, kind,
                          100.0 * static_cast<double>(part) / static_cast<double>(whole), what));
}

/// A number of values below 0 that noise beside an object does not explain, else 0.
std::int64_t some(std::int64_t negative, const Volume& values) {
  const double share = static_cast<double>(negative) / static_cast<double>(values.voxels.size());
  constexpr double of_noise = 0.6;  // half of the rays past an object are
  const bool none_above = std::none_of(values.voxels.begin(), values.voxels.end(), [](float v) { return v > 0; });
  return share > of_noise || none_above ? negative : 0;
}

/// Counts become line integrals; gives I0.
double to_line_integrals(Volume& values, const std::string& type, const ImportCommand& command) {
  const std::string name = command.input.string();
  if (!command.counts) {
    with_context(name, [&] { ct::require_finite(values); });
    float most = 0;
    std::int64_t negative = 0;
    for (const float value : values.voxels) {
      most = std::max(most, value);
      if (value < 0) ++negative;
    }
    warn_of_share(name, "line integrals", "are below 0: is their sign the other one?", some(negative, values),
                  values.voxels.size());
    constexpr float opaque = 30;  // nothing is counted behind e^30
    if (most > opaque) {
      log_warning(
          fmt::format("{}: holds values up to {:.4g}, which are no line integrals; --counts reads counts", name, most));
    }
    return command.photons;
  }
  const ct::Field flat = field_of("flat", command.flat, values, command),
                  dark = field_of("dark", command.dark, values, command);
  const ct::MeasuredReport report =
      with_context(name, [&] { return ct::line_integrals_from_counts(values, flat, dark, largest_of_type(type)); });
  warn_of_share(name, "counts", "are zero or next to it, and taken for a count or a ten-thousandth of I0",
                report.starved, values.voxels.size());
  warn_of_share(name, "counts", "are well above I0: is --flat that of this scan?", report.above_flat,
                values.voxels.size());
  warn_of_share(name, "counts", "are saturated, the largest that their type holds", report.saturated,
                values.voxels.size());
  if (report.saturated == 0) {
    warn_of_share(name, "counts",
                  fmt::format("are {:g}, the largest count, which is far from I0: does the detector saturate there?",
                              report.ceiling),
                  report.at_ceiling, values.voxels.size());
  }
  return command.photons > 0 ? command.photons : std::max(1.0, report.mean_flat);
}

Volume chosen_views(Volume values, const std::vector<std::int64_t>& views) {
  const Index3& shape = values.grid.shape_ijk;
  const std::int64_t each = shape[0] * shape[1];
  Volume chosen;
  chosen.grid = Grid::centred({shape[0], shape[1], static_cast<std::int64_t>(views.size())}, {1, 1, 1});
  chosen.voxels.resize(static_cast<std::size_t>(chosen.grid.voxels()));
  for (std::size_t n = 0; n < views.size(); ++n) {
    if (views[n] >= shape[2])
      throw Error(fmt::format("there is no view {}: the file has {}, counted from 0", views[n], shape[2]));
    std::copy_n(values.voxels.data() + views[n] * each, each,
                chosen.voxels.data() + static_cast<std::int64_t>(n) * each);
  }
  return chosen;
}

void require_fit(const Volume& values, const ct::Geometry& geometry, const ImportCommand& command) {
  const Index3& found = values.grid.shape_ijk;
  if (found == Index3{geometry.detector_columns, geometry.detector_rows, geometry.view_count()}) return;
  throw Error(fmt::format("{}: holds {} columns, {} rows and {} views, and the scan of {} has {}, {} and {}",
                          command.input.string(), found[0], found[1], found[2], command.geometry.path.string(),
                          geometry.detector_columns, geometry.detector_rows, geometry.view_count()));
}

/// A geometry may tell all views of the file, or those alone that are taken.
ct::Geometry geometry_of(const ImportCommand& command, const std::vector<std::int64_t>& views, std::int64_t in_file) {
  const ct::Geometry geometry = read_geometry_file(command.geometry);
  if (views.empty() || geometry.view_count() != in_file) return geometry;
  return with_context(command.geometry.path.string(), [&] { return ct::subset(geometry, views); });
}

/// The file's, or voxels of this size around the isocentre: so many, or those of the field of view.
Grid grid_for(const ImportCommand& command, const ct::Geometry& geometry) {
  if (!command.grid.empty()) {
    if (!command.spacing_mm.empty() || !command.size.empty()) {
      throw Error("--grid and --spacing or --size do not go together", Exit::usage);
    }
    return read_nifti_info(command.grid).grid;
  }
  const Point3 isocenter_mm = geometry.isocenter_mm.value_or(Point3{0, 0, 0});
  const ct::ScanFigures figures = ct::figures_of(ct::PosedScan(geometry, isocenter_mm));
  Point3 mm{figures.voxel_across_mm, figures.voxel_across_mm, figures.voxel_along_mm};
  const std::vector<double>& asked = command.spacing_mm;
  for (std::size_t a = 0; a < 3 && !asked.empty(); ++a) mm[a] = asked.size() == 1 ? asked[0] : asked[a];
  Index3 shape{};
  if (command.size.empty()) {
    const double across_mm = 2 * std::max(figures.field_of_view_radius_mm, figures.extended_radius_mm);
    const Point3 field_mm{across_mm, across_mm, figures.field_of_view_height_mm};
    for (std::size_t a = 0; a < 3; ++a) {
      const double voxels = std::ceil(field_mm[a] / mm[a] - 0.01);
      if (!(voxels < 32767)) throw Error(fmt::format("a field of {:.4g} mm needs too many voxels", field_mm[a]));
      shape[a] = std::max<std::int64_t>(1, static_cast<std::int64_t>(voxels));
    }
  } else {
    shape = shape_from_text(command.size);
  }
  Grid grid = Grid::centred(shape, mm);
  for (std::size_t r = 0; r < 3; ++r) grid.ijk_to_ras_mm[r][3] += isocenter_mm[r];
  return grid;
}

void require_sense(const ImportCommand& command) {
  if (command.output == "-") throw Error("-o: a sinogram needs its sidecar, so it cannot go to stdout", Exit::usage);
  if (without_nifti_suffix(command.output) == command.output) {
    throw Error(fmt::format("-o: '{}' is not a NIfTI name (.nii.gz, .nii)", command.output.string()), Exit::usage);
  }
  if (command.counts && command.flat.empty())
    throw Error("--counts needs --flat, the counts without object", Exit::usage);
  if (!command.counts && (!command.flat.empty() || !command.dark.empty())) {
    throw Error("--flat and --dark belong to --counts", Exit::usage);
  }
  const bool raw = without_nifti_suffix(command.input) == command.input && !is_meta_image(command.input);
  if (!raw && (!command.shape.empty() || !command.type.empty() || command.big_endian || command.skip_bytes > 0)) {
    throw Error("--shape, --type, --big-endian and --skip are for raw numbers; this file tells them itself",
                Exit::usage);
  }
}

std::vector<fs::path> files_of(const ImportCommand& command) {
  std::vector<fs::path> files{command.input, command.geometry.path};
  if (!command.grid.empty()) files.push_back(command.grid);
  for (const std::string& field : {command.flat, command.dark}) {
    if (!field.empty() && !number_of(field)) files.emplace_back(field);
  }
  return files;
}

void warn_of_large_grid(const Grid& grid, const std::string& name) {
  const double needed = static_cast<double>(grid.voxels()) * sizeof(float),
               there = static_cast<double>(available_memory_bytes());
  if (needed < there) return;
  log_warning(fmt::format("{}: a CT on the grid of {} takes {:.3g} GiB, and {:.3g} are free: see --spacing and --size",
                          name, describe(grid), needed / 1073741824.0, there / 1073741824.0));
}

ct::StoredSinogram imported(const ImportCommand& command) {
  const std::vector<std::int64_t> views =
      command.views.empty() ? std::vector<std::int64_t>() : views_from_text(command.views);
  RawArray array = read_array(command.input, command);
  Volume values = ct::turned(std::move(array.values), axes_from_text(command.axes));
  const ct::Geometry geometry = geometry_of(command, views, values.grid.shape_ijk[2]);
  if (!views.empty()) {
    values = with_context(command.input.string(), [&] { return chosen_views(std::move(values), views); });
  }
  require_fit(values, geometry, command);
  ct::StoredSinogram stored;
  stored.geometry = geometry;
  stored.grid = grid_for(command, geometry);
  warn_of_large_grid(stored.grid, command.input.string());
  stored.axes = ct::axes_for(stored.grid);
  if (!stored.geometry->isocenter_mm) stored.geometry->isocenter_mm = ct::centre_of(stored.grid);
  stored.make_projector();  // for what it refuses
  stored.beam.mu_water_per_mm = command.mu_water_per_mm;
  stored.beam.photons = to_line_integrals(values, array.type, command);
  stored.sinogram.line_integrals = std::move(values.voxels);
  warn_of_truncation(stored, command.input.string());
  return stored;
}

int run_import(Program& program, const ImportCommand& command) {
  require_sense(command);
  if (command.input == "-") throw Error("the projections are a file; standard input is not read", Exit::usage);
  const std::vector<fs::path> files = files_of(command);
  std::vector<fs::path> outputs, read = files;
  read.emplace_back(program.config_file());
  add_volume(outputs, command.output);
  refuse_outputs_that_are_read({read, {}}, outputs);
  const Overwrite overwrite = program.standard().overwrite();
  check_volume_writable(command.output, overwrite);
  ct::StoredSinogram stored = imported(command);
  log_verbose(
      fmt::format("{}: {}, to be reconstructed on {}", command.input.string(), stored.text(), describe(stored.grid)));
  if (program.standard().dry_run) {
    log_info(fmt::format("would write {}", command.output.string()));
    return 0;
  }
  Provenance provenance = program.provenance();
  for (const fs::path& file : files) provenance.add_source(file);
  const Json details = {{"photons", stored.beam.photons}, {"measured", command.counts ? "counts" : "line integrals"}};
  ct::write_sinogram(command.output, std::move(stored), details, provenance, files, overwrite);
  return 0;
}

void add_layout_options(CLI::App& app, ImportCommand& command) {
  app.add_option("--shape", command.shape, "Of raw numbers: sizes along the file's axes, the fastest first")
      ->check(accepted_by(shape_from_text, "sizes"))
      ->type_name("N,N,N");
  takes_one_of(app.add_option("--type", command.type, "Of raw numbers"), raw_types());
  app.add_flag("--big-endian", command.big_endian, "Raw numbers have their highest byte first");
  app.add_option("--skip", command.skip_bytes, "Bytes before the first raw number")
      ->transform(range(std::int64_t{0}, std::int64_t{1} << 40))
      ->type_name("N");
  app.add_option("--axes", command.axes, "The file's axes, the fastest first; - before one that runs backwards")
      ->check(accepted_by(axes_from_text, "axes"))
      ->type_name("A,A,A");
  app.add_option("--views", command.views,
                 "Views of the file that are taken: FIRST:STEP:LAST, counted from 0, or a list")
      ->check(accepted_by(views_from_text, "views"))
      ->type_name("A:B:C");
}

void add_measured_options(CLI::App& app, ImportCommand& command) {
  app.add_flag("--counts", command.counts, "The file holds counts and not line integrals");
  app.add_option("--flat", command.flat, "Counts without object, I0: a number, or a file whose views are averaged")
      ->type_name("FILE|NUMBER");
  app.add_option("--dark", command.dark, "Counts without beam, taken off counts and I0")->type_name("FILE|NUMBER");
  app.add_option("--photons", command.photons,
                 "Photons without object, for the noise of the rays; 0: not known, of counts the mean I0")
      ->transform(range(0.0, 1e12))
      ->type_name("N");
  app.add_option("--mu-water", command.mu_water_per_mm, "Attenuation of water per mm, which is 0 HU")
      ->transform(range(1e-6, 1.0))
      ->type_name("X");
}

void add_place_options(CLI::App& app, ImportCommand& command) {
  app.add_option("--geometry", command.geometry.path, "Scan in JSON or RTK's XML (see gdm-recon geometry)")
      ->required()
      ->type_name("FILE");
  add_detector_options(app, command.geometry);
  app.add_option("--grid", command.grid, "Volume whose grid reconstructions get")->type_name("FILE");
  add_spacing(app, command.spacing_mm,
              "Voxel edges of reconstructions, one or three; without, what the detector resolves");
  app.add_option("--size", command.size, "Voxels of reconstructions around the isocentre; without, the field of view")
      ->check(accepted_by(shape_from_text, "sizes"))
      ->type_name("N,N,N");
}

}  // namespace

void add_import_command(Program& program, ImportCommand& command) {
  command.mu_water_per_mm = ct::mu_water_per_mm;
  CLI::App& app =
      program.command("import", "Projections of other programs or scanners as a sinogram", has_output | has_dry_run,
                      [&program, &command] { return run_import(program, command); });
  app.add_option("input", command.input, "Projections: NIfTI, MetaImage (.mha, .mhd), or raw numbers of any other name")
      ->required()
      ->type_name("FILE");
  app.add_option("-o,--output", command.output, "Sinogram to write")->required()->type_name("FILE");
  add_layout_options(app, command);
  add_measured_options(app, command);
  add_place_options(app, command);
  app.footer(
      "Example:\n"
      "  gdm-recon import raw.bin --shape 512,384,360 --type uint16 --counts --flat 60000 --geometry scan.json -o "
      "scan.nii.gz");
}

}  // namespace gdm::cli
