#include "cli/analytic.hpp"

#include <fmt/format.h>

#include <charconv>

#include "cli/resume.hpp"
#include "ct/acquisition.hpp"
#include "ct/sinogram_file.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/stopwatch.hpp"

namespace gdm::cli {
namespace {

std::optional<float> mask_from_text(const std::string& text) {
  if (text == "none") return {};
  float hu = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), hu);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  if (!whole || !(hu >= -32768 && hu <= 32767)) {
    throw Error(fmt::format("'{}' is neither 'none' nor a number of HU from -32768 to 32767", text), Exit::usage);
  }
  return hu;
}

ct::FdkOptions fdk_options(const AnalyticChoice& choice, double mu_water_per_mm) {
  ct::FdkOptions options;
  options.window = value_named<ct::Window>(choice.filter);
  options.cutoff = choice.cutoff;
  if (const std::optional<float> hu = mask_from_text(choice.mask_fov)) {
    options.outside_per_mm = static_cast<float>(mu_water_per_mm * (1.0 + static_cast<double>(*hu) / 1000.0));
  }
  return options;
}

/// Of each command the scans that are its own, so that a name tells what was done.
void require_scan_of(const std::string& method, const ct::StoredSinogram& stored) {
  if (method == "fdk" && !stored.geometry) {
    throw Error("holds slices under a parallel beam, which are reconstructed by gdm-recon fbp");
  }
  if (method == "fbp" && stored.geometry && stored.geometry->kind != ct::ScanKind::parallel) {
    throw Error(fmt::format("is of a {} beam, which is reconstructed by gdm-recon fdk",
                            ct::scan_kind_names()[static_cast<std::size_t>(stored.geometry->kind)]));
  }
}

Volume reconstruct(const fs::path& sinogram, const std::string& method, const AnalyticChoice& choice, double* seconds) {
  const ct::StoredSinogram stored = ct::read_sinogram(sinogram);
  return with_context(sinogram.string(), [&] {
    if (!method.empty()) require_scan_of(method, stored);
    if (stored.view_count() == 1) {
      log_warning(sinogram.string() + ": one view tells of no place along its rays: its back-projection is no CT");
    }
    const double mu = stored.beam.mu_water_per_mm;
    const Grid on = output_grid(choice.grid, stored.grid).value_or(stored.grid);
    const Stopwatch watch;
    Volume hu = ct::hu_from_attenuation(stored.back_projection_on(on, fdk_options(choice, mu)), mu);
    if (seconds != nullptr) *seconds = watch.seconds();
    return hu;
  });
}

/// As they were given, and those alone that are not as ever, so that what was made before is kept by --resume.
Json options_json(const AnalyticChoice& choice) {
  Json json = {{"filter", choice.filter}};
  if (choice.cutoff < 1) json["cutoff"] = choice.cutoff;
  if (choice.mask_fov != "none") json["mask_fov"] = choice.mask_fov;
  if (!choice.grid.spacing_mm.empty()) json["spacing_mm"] = choice.grid.spacing_mm;
  return json;
}

int run_analytic(Program& program, const AnalyticCommand& command, const std::string& method) {
  const AnalyticChoice& choice = command.choice;
  output_grid({{}, choice.grid.spacing_mm}, Grid::centred({1, 1, 1}, {1, 1, 1}));
  ReconStep step = sinogram_step(method);
  step.options = options_json(choice);
  if (!choice.grid.file.empty()) {
    if (!choice.grid.spacing_mm.empty()) throw Error("--grid and --spacing do not go together", Exit::usage);
    read_nifti_info(choice.grid.file);
    step.reads.push_back(choice.grid.file);
  }
  step.check = [&](const fs::path& source) {
    const ct::StoredSinogram stored = ct::read_sinogram(source);
    with_context(source.string(), [&] {
      require_scan_of(method, stored);
      if (stored.geometry) ct::check_fdk(*stored.geometry, output_grid(choice.grid, stored.grid).value_or(stored.grid));
    });
  };
  step.recipe = [&](const fs::path& source, const std::string&) {
    std::vector<fs::path> sources = with_sidecar(source);
    if (!choice.grid.file.empty()) sources.push_back(choice.grid.file);
    return recipe_json(method, step.options, sources);
  };
  step.make = [&](const fs::path& source, const fs::path& output, const std::string& id) {
    double seconds = 0;
    const Volume hu = reconstruct(source, method, choice, &seconds);
    const Overwrite overwrite = overwrite_of(program, command);
    Provenance provenance = program.provenance();
    provenance.add_source(source);
    const WriteReport report = write_volume(output, hu, VoxelType::int16_hu, overwrite);
    Json details = {{method, analytic_record(source, choice)}, {"recipe", step.recipe(source, id)}};
    add_effort(details, provenance, seconds, 0);
    write_sidecar(output, provenance, {source}, report, details, overwrite);
  };
  return run_step(program, command, step);
}

void add_analytic_options(CLI::App& app, AnalyticChoice& choice) {
  takes_one_of(app.add_option("--filter", choice.filter, "Window of the ramp filter"), names_of<ct::Window>());
  app.add_option("--cutoff", choice.cutoff, "Where the window ends, as a fraction of the Nyquist frequency")
      ->transform(range(0.01, 1.0))
      ->type_name("X");
  add_output_grid(app, choice.grid);
  app.add_option("--mask-fov", choice.mask_fov, "HU of what lies outside the field of view")
      ->check(accepted_by(mask_from_text, "HU"))
      ->type_name("HU|none");
}

}  // namespace

Volume reconstruct_analytic(const fs::path& sinogram, const AnalyticChoice& choice, double* seconds) {
  return reconstruct(sinogram, "", choice, seconds);
}

Json analytic_record(const fs::path& sinogram, const AnalyticChoice& choice) {
  Json record = ct::sinogram_acquisition(sinogram);
  record.update(options_json(choice));
  return record;
}

void add_fbp_command(Program& program, AnalyticCommand& command) {
  CLI::App& app = add_recon_command(program, command, "fbp", "Filtered back-projection of a parallel beam", 0,
                                    "Sinogram; or a manifest (.json, .jsonl, -), whose inputs.sinogram are used",
                                    [&program, &command] { return run_analytic(program, command, "fbp"); });
  add_analytic_options(app, command.choice);
  app.footer("Example:\n  gdm-recon fbp scans/manifest.json -o fbp --filter hann");
}

void add_fdk_command(Program& program, AnalyticCommand& command) {
  CLI::App& app = add_recon_command(program, command, "fdk", "Filtered back-projection of fans, cones and free poses",
                                    0, "Sinogram; or a manifest (.json, .jsonl, -), whose inputs.sinogram are used",
                                    [&program, &command] { return run_analytic(program, command, "fdk"); });
  add_analytic_options(app, command.choice);
  app.footer("Example:\n  gdm-recon fdk scans/manifest.json -o fdk --spacing 1 --mask-fov -1000");
}

}  // namespace gdm::cli
