#include "cli/project.hpp"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>

#include "cli/resume.hpp"
#include "ct/axial.hpp"
#include "ct/fine_projector.hpp"
#include "ct/measured.hpp"
#include "ct/sinogram_file.hpp"
#include "image/hu_check.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

/// Cases of one run must not share their noise, and a case must not depend on its shard: FNV-1a of the id.
std::uint64_t seed_of(std::uint64_t seed, const std::string& id) {
  if (id.empty()) return seed;
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return seed ^ hash;
}

ct::ParallelScan scan_for(const Grid& grid, const ProjectCommand& command) {
  ct::ParallelScan scan = ct::default_scan(grid, command.views);
  if (command.detectors != "auto") scan.detectors = std::stoll(command.detectors);
  return scan;
}

/// Slices are not interpolated: those of an oblique volume are scanned as they lie.
void warn_of_tilt(const Grid& grid, const fs::path& source) {
  constexpr double tolerated_deg = 10;
  const double tilt_deg = ct::axial_tilt_deg(grid);
  if (tilt_deg <= tolerated_deg) return;
  log_warning(
      fmt::format("{}: no axis is closer than {:.0f} degrees to head-foot; the slices along the nearest one are "
                  "scanned as if they were axial",
                  input_name(source), tilt_deg));
}

/// The scan that a geometry file tells, or none for a stack of slices. Options of the other kind are refused.
std::optional<ct::Geometry> geometry_of(const ProjectCommand& command, const CLI::App& app) {
  if (command.geometry.path.empty()) {
    for (const char* option : {"--detector", "--detector-spacing", "--subset"}) {
      if (app.count(option) > 0) throw Error(fmt::format("{} belongs to --geometry", option), Exit::usage);
    }
    return {};
  }
  for (const char* option : {"--views", "--detectors"}) {
    if (app.count(option) > 0) {
      throw Error(fmt::format("{} and --geometry do not go together: the file tells it", option), Exit::usage);
    }
  }
  ct::Geometry geometry = read_geometry_file(command.geometry);
  if (command.subset.empty()) return geometry;
  return with_context(command.geometry.path.string(),
                      [&] { return ct::subset(geometry, views_from_text(command.subset)); });
}

void require_sense(const ProjectCommand& command) {
  if (command.photons > 0) return;
  if (command.electronic_counts > 0) throw Error("--electronic-noise needs --photons", Exit::usage);
  if (command.bow_tie_radius_mm > 0) throw Error("--bow-tie needs --photons, which it spreads", Exit::usage);
}

Json options_json(const ProjectCommand& command, bool stack) {
  Json json;
  if (stack) json["views"] = command.views;
  json["photons"] = command.photons;
  json["oversample"] = command.oversample;
  if (stack) json["detectors"] = command.detectors;
  if (command.electronic_counts > 0) json["electronic_noise"] = command.electronic_counts;
  if (command.bow_tie_radius_mm > 0) json["bow_tie_mm"] = command.bow_tie_radius_mm;
  if (command.mu_water_per_mm != ct::mu_water_per_mm) json["mu_water"] = command.mu_water_per_mm;
  if (!command.subset.empty()) json["subset"] = command.subset;
  return json;
}

ct::StoredSinogram project(Volume hu, const ProjectCommand& command, const std::optional<ct::Geometry>& geometry) {
  ct::StoredSinogram stored;
  stored.grid = hu.grid;
  stored.beam = {command.photons, command.electronic_counts, command.bow_tie_radius_mm, command.mu_water_per_mm};
  Volume mu = ct::attenuation_from_hu(std::move(hu), command.mu_water_per_mm);
  if (!geometry) {
    stored.axes = ct::axial_axes(stored.grid);
    mu = ct::turned(std::move(mu), stored.axes);
    stored.sinogram = ct::project(mu, scan_for(mu.grid, command), command.oversample);
    return stored;
  }
  stored.axes = ct::axes_for(stored.grid);
  stored.geometry = geometry;
  if (!stored.geometry->isocenter_mm) stored.geometry->isocenter_mm = ct::centre_of(stored.grid);
  stored.sinogram.line_integrals.resize(static_cast<std::size_t>(geometry->view_count() * geometry->rays_per_view()));
  ct::project_fine(mu, *stored.geometry, command.oversample, stored.sinogram.line_integrals.data());
  return stored;
}

void add_noise(ct::StoredSinogram& stored, std::uint64_t seed, const fs::path& source) {
  if (stored.beam.photons == 0) return;
  const std::int64_t clipped =
      ct::add_counting_noise(stored.sinogram.line_integrals.data(), stored.blocks(), stored.beam, seed);
  if (clipped == 0) return;
  log_warning(fmt::format("{}: {} of {} rays ({:.3g} %) counted less than 1 and are taken for 1", input_name(source),
                          clipped, stored.ray_count(),
                          100.0 * static_cast<double>(clipped) / static_cast<double>(stored.ray_count())));
}

Volume read_finite_hu(const fs::path& source) {
  Volume hu = read_volume(source);
  require_hu(hu, source.string());
  with_context(source.string(), [&] { ct::require_finite(hu); });
  return hu;
}

int run_project(Program& program, const ProjectCommand& command, const CLI::App& app) {
  require_sense(command);
  const std::optional<ct::Geometry> geometry = geometry_of(command, app);
  std::vector<fs::path> beside;
  if (geometry) beside.push_back(command.geometry.path);
  ReconStep step;
  step.name = "sinogram";
  step.reads = beside;
  step.source = [](const Case& item) {
    if (!item.target) throw Error("has no target to project");
    return *item.target;
  };
  step.check = [&](const fs::path& source) {
    const Grid grid = read_finite_hu(source).grid;
    if (geometry) {
      with_context(source.string(), [&] { ct::ConeProjector(ct::subset(*geometry, {0}), grid); });
    } else {
      warn_of_tilt(grid, source);
      scan_for(reoriented(grid, ct::axial_axes(grid)), command);
    }
  };
  step.options = options_json(command, !geometry);
  step.recipe = [&](const fs::path& source, const std::string& id) {
    Json how = step.options;
    if (command.photons > 0) how["noise_seed"] = seed_of(program.standard().seed, id);
    std::vector<fs::path> sources{source};
    sources.insert(sources.end(), beside.begin(), beside.end());
    return recipe_json("projection", how, sources);
  };
  step.make = [&](const fs::path& source, const fs::path& output, const std::string& id) {
    if (output == "-") throw Error("-o: a sinogram needs its sidecar, so it cannot go to stdout", Exit::usage);
    Volume hu = read_finite_hu(source);
    if (!geometry) warn_of_tilt(hu.grid, source);
    const std::uint64_t seed = seed_of(program.standard().seed, id);
    ct::StoredSinogram stored =
        with_context(source.string(), [&] { return project(std::move(hu), command, geometry); });
    warn_of_truncation(stored, input_name(source));
    add_noise(stored, seed, source);
    Provenance provenance = program.provenance();
    std::vector<fs::path> sources{source};
    sources.insert(sources.end(), beside.begin(), beside.end());
    for (const fs::path& file : sources) provenance.add_source(file);
    const Json details = {{"photons", command.photons},
                          {"noise_seed", seed},
                          {"oversample", command.oversample},
                          {"recipe", step.recipe(source, id)}};
    ct::write_sinogram(output, std::move(stored), details, provenance, sources, overwrite_of(program, command));
  };
  return run_step(program, command, step);
}

std::string check_photons(const std::string& text) {
  double photons = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), photons);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  if (whole && (photons == 0 || (photons >= 1 && photons <= 1e12))) return {};
  return "'" + text + "' is neither 0 nor a number from 1 to 1e12";
}

std::string check_detectors(const std::string& text) {
  int detectors = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), detectors);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  if (text == "auto" || (whole && detectors >= 1 && detectors <= 32767)) return {};
  return "'" + text + "' is neither 'auto' nor a number from 1 to 32767";
}

void add_scan_options(CLI::App& app, ProjectCommand& command) {
  app.add_option("--views", command.views, "Views of a parallel beam, equally spaced over 180 degrees")
      ->transform(range(1, 32767))
      ->type_name("N");
  app.add_option("--detectors", command.detectors, "Detector elements; auto: enough for the slice's circle")
      ->check(CLI::Validator(check_detectors, "", "detectors"))
      ->type_name("N|auto");
  app.add_option("--geometry", command.geometry.path,
                 "Scan of any kind instead, in JSON or RTK's XML (see gdm-recon geometry)")
      ->type_name("FILE");
  add_detector_options(app, command.geometry);
  app.add_option("--subset", command.subset,
                 "Views of the geometry that are made: FIRST:STEP:LAST, counted from 0, or a list")
      ->check(accepted_by(views_from_text, "views"))
      ->type_name("A:B:C");
}

void add_beam_options(CLI::App& app, ProjectCommand& command) {
  app.add_option("--photons", command.photons, "Photons per detector element and view; 0: no noise")
      ->check(CLI::Validator(check_photons, "", "photons"))
      ->type_name("N");
  app.add_option("--electronic-noise", command.electronic_counts,
                 "Standard deviation, in photons, of Gaussian noise beside that of the counts")
      ->transform(range(0.0, 1e9))
      ->type_name("SD");
  app.add_option(
         "--bow-tie", command.bow_tie_radius_mm,
         "A filter that makes counts equal behind a cylinder of water of this radius around the axis; --photons "
         "holds at its centre")
      ->transform(range(0.0, 1e6))
      ->type_name("MM");
  app.add_option("--mu-water", command.mu_water_per_mm, "Attenuation of water per mm; of gdm's own scale 70 keV")
      ->transform(range(1e-6, 1.0))
      ->type_name("X");
}

}  // namespace

void add_project_command(Program& program, ProjectCommand& command) {
  command.mu_water_per_mm = ct::mu_water_per_mm;
  const auto app = std::make_shared<CLI::App*>(nullptr);
  *app =
      &add_recon_command(program, command, "project", "Sinogram of a CT: parallel beam slice by slice, or any geometry",
                         has_seed, "CT in HU; or a manifest (.json, .jsonl), whose targets are projected; - for either",
                         [&program, &command, app] { return run_project(program, command, **app); });
  add_scan_options(**app, command);
  (*app)
      ->add_option("--oversample", command.oversample,
                   "Rays across each detector element, and finer steps along them; 1: along the grid")
      ->transform(range(1, 16))
      ->type_name("N");
  add_beam_options(**app, command);
  (*app)->footer("Example:\n  gdm-recon project cases/manifest.json -o scans --views 24 --photons 1e5 --oversample 3");
}

}  // namespace gdm::cli
