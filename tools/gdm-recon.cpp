// gdm-recon: from a CT to its sparse-view sinogram (project), and from a sinogram to a CT by filtered back-projection
// (fbp), by iterations over its rays (iterative) or with one evaluation of a trained network (gdm). Works on one volume
// or on every case of a manifest.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "cli/app.hpp"
#include "cli/consistency.hpp"
#include "cli/iterative.hpp"
#include "cli/recon_geometry.hpp"
#include "cli/recon_step.hpp"
#include "cli/resume.hpp"
#include "cli/synthesis.hpp"
#include "cli/tune.hpp"
#include "ct/acquisition.hpp"
#include "ct/axial.hpp"
#include "ct/sinogram_file.hpp"
#include "image/hu_check.hpp"
#include "model/acquisition.hpp"
#include "sys/descriptor.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/stopwatch.hpp"

using namespace gdm;

namespace {

struct Options : cli::ReconOptions {
  std::int64_t views = 24;
  double photons = 0;
  std::int64_t oversample = 1;
  std::string detectors = "auto";
  std::string filter = "hann";
  std::string model_filter = "auto";
  cli::SynthesisOptions synthesis;
  cli::IterativeCommand iterative;
  cli::TuneCommand tune;
  cli::ConsistencyCommand consistency;
};

/// Cases of one run must not share their noise, and a case must not depend on its shard: FNV-1a of the id.
std::uint64_t seed_of(std::uint64_t seed, const std::string& id) {
  if (id.empty()) return seed;
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : id) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return seed ^ hash;
}

ct::ParallelScan scan_for(const Grid& grid, const Options& options) {
  ct::ParallelScan scan = ct::default_scan(grid, options.views);
  if (options.detectors != "auto") scan.detectors = std::stoll(options.detectors);
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

int run_project(cli::Program& program, const Options& options) {
  cli::ReconStep step;
  step.name = "sinogram";
  step.source = [](const Case& item) {
    if (!item.target) throw Error("has no target to project");
    return *item.target;
  };
  step.check = [&](const fs::path& source) {
    const Grid grid = read_nifti_info(source).grid;
    warn_of_tilt(grid, source);
    scan_for(reoriented(grid, ct::axial_axes(grid)), options);
  };
  step.options = {{"views", options.views},
                  {"photons", options.photons},
                  {"oversample", options.oversample},
                  {"detectors", options.detectors}};
  step.recipe = [&](const fs::path& source, const std::string& id) {
    Json how = step.options;
    if (options.photons > 0) how["noise_seed"] = seed_of(program.standard().seed, id);
    return cli::recipe_json("projection", how, {source});
  };
  step.make = [&](const fs::path& source, const fs::path& output, const std::string& id) {
    if (output == "-") throw Error("-o: a sinogram needs its sidecar, so it cannot go to stdout", Exit::usage);
    Volume hu = read_volume(source);
    require_hu(hu, source.string());
    warn_of_tilt(hu.grid, source);
    ct::StoredSinogram stored;
    stored.grid = hu.grid;
    stored.axes = ct::axial_axes(hu.grid);
    const Volume mu = ct::turned(ct::attenuation_from_hu(std::move(hu)), stored.axes);
    const std::uint64_t seed = seed_of(program.standard().seed, id);
    stored.sinogram =
        with_context(source.string(), [&] { return ct::project(mu, scan_for(mu.grid, options), options.oversample); });
    if (options.photons > 0) ct::add_poisson_noise(stored.sinogram, options.photons, seed);
    Provenance provenance = program.provenance();
    provenance.add_source(source);
    const Json details = {{"photons", options.photons},
                          {"noise_seed", seed},
                          {"oversample", options.oversample},
                          {"recipe", step.recipe(source, id)}};
    ct::write_sinogram(output, stored, details, provenance, {source}, cli::overwrite_of(program, options));
  };
  return cli::run_step(program, options, step);
}

/// `seconds`: of the computation, if it is asked for.
Volume reconstruct_fbp(const fs::path& source, ct::Window window, double* seconds = nullptr) {
  const ct::StoredSinogram stored = ct::read_sinogram(source);
  const Stopwatch watch;
  Volume hu = ct::hu_from_attenuation(with_context(source.string(), [&] {
    return ct::turned_back(ct::filtered_back_projection(stored.sinogram, stored.projected_grid(), window), stored.axes,
                           stored.grid);
  }));
  if (seconds != nullptr) *seconds = watch.seconds();
  return hu;
}

/// What the sidecar of a reconstruction tells of its making (ct/acquisition.hpp).
Json fbp_record(const fs::path& sinogram, const std::string& filter) {
  Json record = ct::sinogram_acquisition(sinogram);
  record["filter"] = filter;
  return record;
}

int run_fbp(cli::Program& program, const Options& options) {
  cli::ReconStep step = cli::sinogram_step("fbp");
  const ct::Window window = value_named<ct::Window>(options.filter);
  step.options = {{"filter", options.filter}};
  step.recipe = [&](const fs::path& source, const std::string&) {
    return cli::recipe_json("fbp", step.options, cli::with_sidecar(source));
  };
  step.make = [&, window](const fs::path& source, const fs::path& output, const std::string& id) {
    double seconds = 0;
    const Volume hu = reconstruct_fbp(source, window, &seconds);
    const Overwrite overwrite = cli::overwrite_of(program, options);
    Provenance provenance = program.provenance();
    provenance.add_source(source);
    const WriteReport report = write_volume(output, hu, VoxelType::int16_hu, overwrite);
    Json details = {{"fbp", fbp_record(source, options.filter)}, {"recipe", step.recipe(source, id)}};
    add_effort(details, provenance, seconds, 0);
    write_sidecar(output, provenance, {source}, report, details, overwrite);
  };
  return cli::run_step(program, options, step);
}

int run_gdm(cli::Program& program, const Options& options) {
  Provenance provenance = program.provenance();
  cli::SynthesisOptions how = options.synthesis;
  how.replace = options.batch.resume;
  cli::Synthesis synthesis(program, how, provenance);
  if (synthesis.condition_names() != std::vector<std::string>{"fbp"}) {
    throw Error(fmt::format("{}: not a model for sparse-view CT (its input is '{}', expected 'fbp')",
                            options.synthesis.model.string(), synthesis.condition_names().front()));
  }
  cli::ReconStep step = cli::sinogram_step("gdm");
  step.is_prediction = true;
  step.reads = {options.synthesis.model, options.synthesis.bank};
  const std::string filter =
      options.model_filter == "auto" ? model::trained_filter(synthesis.description()) : options.model_filter;
  const ct::Window window = value_named<ct::Window>(filter);
  step.accept = [&, filter](const fs::path& source) {
    synthesis.check_acquisition("fbp", fbp_record(source, filter), source.filename().string());
  };
  step.options = synthesis.options_json();
  step.options["filter"] = filter;
  step.recipe = [&, filter](const fs::path& source, const std::string& id) {
    return synthesis.recipe("reconstruction", cli::with_sidecar(source), {}, id, {{"filter", filter}});
  };
  step.make = [&, filter, window](const fs::path& source, const fs::path& output, const std::string& id) {
    step.accept(source);
    const Json details = {{"fbp", fbp_record(source, filter)}, {"recipe", step.recipe(source, id)}};
    synthesis.write({reconstruct_fbp(source, window)}, {source}, output, id, id.empty() ? "reconstruction" : "", {},
                    details);
  };
  return cli::run_step(program, options, step);
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

CLI::App& add_command(cli::Program& program, Options& options, const std::string& name, const std::string& description,
                      unsigned has, const std::string& input, int (*run)(cli::Program&, const Options&)) {
  return cli::add_recon_command(program, options, name, description, has, input,
                                [&program, &options, run] { return run(program, options); });
}

void add_fbp_options(CLI::App& command, Options& options) {
  cli::takes_one_of(command.add_option("--filter", options.filter, "Window of the ramp filter"),
                    names_of<ct::Window>());
}

void add_gdm_options(CLI::App& command, Options& options) {
  std::vector<std::string> names = names_of<ct::Window>();
  names.insert(names.begin(), "auto");
  cli::takes_one_of(
      command.add_option("--filter", options.model_filter, "Window of the ramp filter; auto: as the model was trained"),
      names);
  cli::add_synthesis_options(command, options.synthesis);
}

void declare(cli::Program& program, Options& options) {
  CLI::App& project = add_command(
      program, options, "project", "Parallel-beam sinogram of a CT over 180 degrees, slice by slice", cli::has_seed,
      "CT in HU; or a manifest (.json, .jsonl), whose targets are projected; - for either", run_project);
  project.add_option("--views", options.views, "Views, equally spaced")
      ->transform(cli::range(1, 32767))
      ->type_name("N");
  project.add_option("--photons", options.photons, "Photons per detector element and view; 0: no noise")
      ->check(CLI::Validator(check_photons, "", "photons"))
      ->type_name("N");
  project
      .add_option("--oversample", options.oversample,
                  "Rays across each detector element, and finer steps along them; 1: along the grid")
      ->transform(cli::range(1, 16))
      ->type_name("N");
  project.add_option("--detectors", options.detectors, "Detector elements; auto: enough for the slice's circle")
      ->check(CLI::Validator(check_detectors, "", "detectors"))
      ->type_name("N|auto");
  project.footer("Example:\n  gdm-recon project cases/manifest.json -o scans --views 24 --photons 1e5 --oversample 3");
  CLI::App& fbp = add_command(program, options, "fbp", "Filtered back-projection on the grid of the projected CT", 0,
                              "Sinogram; or a manifest (.json, .jsonl, -), whose inputs.sinogram are used", run_fbp);
  add_fbp_options(fbp, options);
  fbp.footer("Example:\n  gdm-recon fbp scans/manifest.json -o fbp --filter hann");
  cli::add_iterative_command(program, options.iterative);
  cli::add_tune_command(program, options.tune);
  cli::add_consistency_command(program, options.consistency);
  CLI::App& gdm =
      add_command(program, options, "gdm", "Filtered back-projection, then one network evaluation per patch",
                  cli::has_seed | cli::has_device,
                  "Sinogram; or a manifest (.json, .jsonl, -), whose inputs.sinogram are used", run_gdm);
  add_gdm_options(gdm, options);
  gdm.footer("Example:\n  gdm-recon gdm scans/manifest.json --model model.safetensors -o out --split test");
  cli::add_geometry_command(program);
  program.app().footer(
      "Example:\n  gdm-recon project ct.nii.gz -o scan.nii.gz --views 24\n  gdm-recon fbp scan.nii.gz -o fbp.nii.gz");
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-recon",
                       "Sparse-view CT: projection, filtered back-projection, iterative and learned reconstruction.");
  Options options;
  declare(program, options);
  return program.main(argc, argv);
}
