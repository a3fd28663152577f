#include "cli/iterative.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>
#include <optional>

#include "cli/iteration_log.hpp"
#include "cli/resume.hpp"
#include "ct/acquisition.hpp"
#include "ct/axial.hpp"
#include "ct/measured.hpp"
#include "ct/sinogram_file.hpp"
#include "image/grid_match.hpp"
#include "image/hu_check.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/stopwatch.hpp"

namespace gdm::cli {
namespace {

/// A sinogram with what its sidecar says of its making.
struct Scan {
  ct::StoredSinogram stored;
  Json acquisition;

  /// 0: none were counted, or it is not known.
  double photons() const { return stored.beam.photons; }
};

bool is_weighted(const IterativeChoice& choice, const Scan& scan) {
  // Conjugate gradients are slow where weights differ, and as a method of few iterations hardly gain by them.
  if (choice.weights == "auto") return scan.photons() > 0 && choice.method != "cgls";
  return choice.weights == "counts";
}

bool is_analytic(const std::string& start) {
  return start == "fbp" || start == "fdk";
}

bool starts_analytically(const IterativeChoice& choice) {
  return is_analytic(choice.start) || (choice.start == "auto" && choice.method == "tv");
}

ct::IterativeOptions options_of(const IterativeChoice& choice, const Scan& scan, const std::vector<float>& weights) {
  ct::IterativeOptions options;
  options.method = value_named<ct::Method>(choice.method);
  options.iterations = choice.iterations > 0 ? choice.iterations : ct::default_iterations(options.method);
  const std::int64_t views = scan.stored.view_count();
  options.subsets = choice.subsets > 0 ? std::min(choice.subsets, views) : ct::default_subsets(options.method, views);
  if (choice.method == "tv") {
    options.strength_mm = strength_from_text(choice.strength, !weights.empty());
    options.huber_per_mm = choice.huber_hu * scan.stored.beam.mu_water_per_mm / 1000.0;
    options.across_slices = choice.across_slices;
  }
  options.non_negative = !choice.allow_negative && choice.method != "cgls";
  options.tolerance = choice.tolerance;
  options.pull_mm2 = choice.pull_mm2;
  if (choice.discrepancy > 0) {
    if (!(scan.photons() > 0)) {
      throw Error("--discrepancy needs the noise, and the sidecar tells of no photons");
    }
    if (weights.empty()) throw Error("--discrepancy needs --weights counts", Exit::usage);
    options.residual = choice.discrepancy * ct::expected_residual(scan.stored.rays(), weights.data(),
                                                                  scan.stored.ray_count(), scan.photons());
  }
  return options;
}

/// What a start in HU is to the iterations: rays know no attenuation below 0.
Volume attenuation_of_start(Volume hu, const std::string& name, const Scan& scan) {
  const ct::StoredSinogram& stored = scan.stored;
  require_same_grid(hu.grid, name, stored.grid, "the CT that was projected");
  return ct::turned(ct::attenuation_from_hu(std::move(hu), stored.beam.mu_water_per_mm), stored.axes);
}

/// What iterations can begin with.
void require_start(const Volume& hu, const std::string& name, const Grid& grid) {
  require_same_grid(hu.grid, name, grid, "the CT that was projected");
  with_context(name, [&] { ct::require_finite(hu); });
  require_hu(hu, name);
}

Volume starting_volume(const IterativeChoice& choice, const Scan& scan, const fs::path& start) {
  const ct::StoredSinogram& stored = scan.stored;
  if (!start.empty()) {
    Volume hu = read_volume(start);
    require_start(hu, start.string(), stored.grid);
    return attenuation_of_start(std::move(hu), start.string(), scan);
  }
  if (!starts_analytically(choice)) return Volume(stored.projected_grid(), 0.0F);
  return stored.back_projection(ct::FdkOptions());
}

/// Word for what the iterations began with.
std::string start_text(const IterativeChoice& choice, const Scan& scan) {
  if (starts_analytically(choice)) return scan.stored.analytic_method();
  return choice.start == "auto" ? "zero" : choice.start;
}

Json choice_json(const IterativeChoice& choice, const ct::IterativeOptions& options, const Scan& scan, bool weighted) {
  Json json = {{"method", choice.method},
               {"iterations", options.iterations},
               {"weights", weighted ? "counts" : "none"},
               {"start", start_text(choice, scan)},
               {"non_negative", options.non_negative}};
  if (options.subsets > 1) json["subsets"] = options.subsets;
  if (choice.method == "tv") {
    json["strength_mm"] = options.strength_mm;
    json["huber_hu"] = choice.huber_hu;
    json["across_slices"] = options.across_slices;
  }
  if (choice.pull_mm2 > 0) json["pull_mm2"] = choice.pull_mm2;
  if (choice.tolerance > 0) json["tolerance"] = choice.tolerance;
  if (choice.discrepancy > 0) json["discrepancy"] = choice.discrepancy;
  return json;
}

/// The options as they were given: what they come to is a matter of the sinogram, whose digest stands beside them.
Json recipe_options(const IterativeChoice& choice) {
  return {{"method", choice.method},
          {"strength", choice.strength},
          {"weights", choice.weights},
          {"start", choice.start},
          {"iterations", choice.iterations},
          {"subsets", choice.subsets},
          {"rays", choice.rays},
          {"huber_hu", choice.huber_hu},
          {"tolerance", choice.tolerance},
          {"discrepancy", choice.discrepancy},
          {"pull_mm2", choice.pull_mm2},
          {"allow_negative", choice.allow_negative},
          {"across_slices", choice.across_slices}};
}

std::string check_strength(const std::string& text) {
  return refusal_of([](const std::string& t) { strength_from_text(t, false); }, text);
}

/// What only one method understands is refused beside another.
void require_sense(const IterativeChoice& choice) {
  const bool for_tv = choice.strength != "auto" || choice.huber_hu > 0 || choice.across_slices;
  if (choice.method != "tv" && for_tv) {
    throw Error("--strength, --huber and --across-slices belong to --method tv", Exit::usage);
  }
  if (choice.method != "cgls" && choice.pull_mm2 > 0) throw Error("--pull belongs to --method cgls", Exit::usage);
  if (choice.subsets > 0 && choice.method != "tv" && choice.method != "os-sart") {
    throw Error("--subsets belongs to --method tv and os-sart", Exit::usage);
  }
}

int run_iterative(Program& program, const IterativeCommand& command) {
  IterativeChoice choice = command.choice;
  choice.warns_of_grid = true;
  require_sense(choice);
  const bool single = command.input != "-" && !is_manifest(command.input);
  std::map<fs::path, fs::path> starts;
  if (single) starts[command.input] = start_of(choice, nullptr);
  ReconStep step = sinogram_step(choice.method);
  step.options = recipe_options(choice);
  if (single) step.reads.push_back(starts[command.input]);
  step.source = [&](const Case& item) {
    const fs::path source = item.input("sinogram");
    starts[source] = start_of(choice, &item);
    return source;
  };
  if (!command.log.empty()) {
    step.writes.push_back(command.log);
    check_writable(command.log, overwrite_of(program, command));
  }
  std::optional<IterationLog> log;
  if (!program.standard().dry_run)
    log.emplace(command.log, overwrite_of(program, command), command.batch.resume, program.standard().force);
  step.check = [&](const fs::path& source) { check_iterative(source, choice, starts[source]); };
  step.recipe = [&](const fs::path& source, const std::string&) {
    std::vector<fs::path> sources = with_sidecar(source);
    if (!starts[source].empty()) sources.push_back(starts[source]);
    return recipe_json("iterative", step.options, sources);
  };
  step.make = [&](const fs::path& source, const fs::path& output, const std::string& id) {
    const fs::path start = starts[source];
    const IterativeOutcome outcome = reconstruct(source, choice, start);
    log_verbose(fmt::format("{}: {} iterations, residual {:.3g} of the data", source.filename().string(),
                            outcome.result.iterations, outcome.record.at("residual").get<double>()));
    log->add(id.empty() ? source.filename().string() : id, outcome.result);
    std::vector<fs::path> sources{source};
    if (!start.empty()) sources.push_back(start);
    write_outcome(program, command, choice.method, outcome, sources, output, step.recipe(source, id));
  };
  const int status = run_step(program, command, step);
  if (log) log->write();
  return status;
}

}  // namespace

double strength_from_text(const std::string& text, bool weighted) {
  // Chosen on validation patients of ct-hn at 24 views, 10^5 photons and rays on a 3x finer object
  // (share/doc/gdm/ct.md).
  if (text == "auto") return weighted ? 0.005 : 0.05;
  double strength = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), strength);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  if (!whole || !(strength >= 0 && strength <= 1e6)) {
    throw Error(fmt::format("'{}' is neither 'auto' nor a number from 0 to 1e6", text), Exit::usage);
  }
  return strength;
}

fs::path start_of(const IterativeChoice& choice, const Case* item) {
  if (choice.start == "auto" || choice.start == "zero" || is_analytic(choice.start)) return {};
  const fs::path start = item != nullptr ? item->input(choice.start) : fs::path(choice.start);
  if (!fs::exists(start)) throw Error(start.string() + ": no such file");
  return start;
}

namespace {

/// What lies beside the grid is not there for iterations: they put what rays saw of it into the grid.
void warn_of_small_grid(const fs::path& sinogram, const ct::Projector& projector, const ct::StoredSinogram& stored) {
  constexpr double tolerated = 0.01;
  const double beside = ct::share_beside(projector, stored);
  if (beside <= tolerated) return;
  log_warning(
      fmt::format("{}: {:.3g} % of what the rays see lies beside the grid, so that the object is larger than it "
                  "and its values are wrong; a larger grid, or {}, takes it",
                  sinogram.string(), 100 * beside, stored.analytic_method()));
}

/// `start_of` makes the attenuation that the iterations begin with.
IterativeOutcome reconstruct_with(const fs::path& sinogram, const IterativeChoice& choice,
                                  const std::function<Volume(const Scan&)>& start_of) {
  return with_context(sinogram.string(), [&] {
    const Scan scan{ct::read_sinogram(sinogram), ct::sinogram_acquisition(sinogram)};
    const ct::StoredSinogram& stored = scan.stored;
    const bool weighted = is_weighted(choice, scan);
    std::vector<float> weights;
    if (weighted) weights = ct::weights_of_counts(stored.rays(), stored.blocks(), stored.beam);
    const ct::IterativeOptions options = options_of(choice, scan, weights);
    const std::int64_t rays = choice.rays > 0 ? choice.rays : ct::rays_per_element(scan.acquisition);
    const auto projector = stored.make_projector(rays);
    if (choice.warns_of_grid) warn_of_small_grid(sinogram, *projector, stored);
    const Stopwatch watch;
    IterativeOutcome outcome;
    outcome.result =
        ct::reconstruct_from(start_of(scan), *projector, stored.rays(), weighted ? weights.data() : nullptr, options);
    outcome.hu = ct::hu_from_attenuation(ct::turned_back(std::move(outcome.result.volume), stored.axes, stored.grid),
                                         stored.beam.mu_water_per_mm);
    outcome.seconds = watch.seconds();
    outcome.record = scan.acquisition;
    outcome.record.update(choice_json(choice, options, scan, weighted));
    outcome.record["rays_per_element"] = rays;
    outcome.record["iterations"] = outcome.result.iterations;
    const double data = outcome.result.data;
    outcome.record["residual_of_start"] = data > 0 ? outcome.result.first / data : 0.0;
    outcome.record["residual"] = data > 0 ? outcome.result.residual / data : 0.0;
    if (weighted && scan.photons() > 0) {
      outcome.record["residual_of_noise"] =
          ct::expected_residual(scan.stored.rays(), weights.data(), scan.stored.ray_count(), scan.photons());
    }
    return outcome;
  });
}

}  // namespace

void check_iterative(const fs::path& sinogram, const IterativeChoice& choice, const fs::path& start) {
  const Scan scan{ct::read_sinogram(sinogram), ct::sinogram_acquisition(sinogram)};
  if (!start.empty()) require_start(read_volume(start), start.string(), scan.stored.grid);
  with_context(sinogram.string(), [&] {
    std::vector<float> weights;
    if (is_weighted(choice, scan)) {
      weights = ct::weights_of_counts(scan.stored.rays(), scan.stored.blocks(), scan.stored.beam);
    }
    options_of(choice, scan, weights);
  });
}

IterativeOutcome reconstruct(const fs::path& sinogram, const IterativeChoice& choice, const fs::path& start) {
  return reconstruct_with(sinogram, choice, [&](const Scan& scan) { return starting_volume(choice, scan, start); });
}

IterativeOutcome consistent_with_rays(Volume predicted_hu, const std::string& name, const fs::path& sinogram,
                                      const IterativeChoice& choice) {
  // Predictions have -1024 HU around a patient, which no ray can tell from air: that stays, or rays would bring all of
  // it to air before anything else.
  std::vector<float> below_air(predicted_hu.voxels.size());
  std::transform(predicted_hu.voxels.begin(), predicted_hu.voxels.end(), below_air.begin(),
                 [](float hu) { return std::min(0.0F, hu + 1000.0F); });
  IterativeOutcome outcome = reconstruct_with(
      sinogram, choice, [&](const Scan& scan) { return attenuation_of_start(std::move(predicted_hu), name, scan); });
  for (std::size_t n = 0; n < below_air.size(); ++n) outcome.hu.voxels[n] += below_air[n];
  return outcome;
}

IterativeChoice consistency_choice(std::int64_t iterations, double pull_mm2) {
  IterativeChoice choice;
  choice.method = "cgls";
  choice.iterations = iterations;
  choice.pull_mm2 = pull_mm2;
  // Rays through bone know less than rays past it, and a prediction is good enough to be spoilt by them.
  choice.weights = "counts";
  choice.start = "prediction";
  return choice;
}

void write_outcome(const Program& program, const ReconOptions& options, const std::string& name,
                   const IterativeOutcome& outcome, const std::vector<fs::path>& sources, const fs::path& output,
                   Json recipe) {
  const Overwrite overwrite = overwrite_of(program, options);
  Provenance provenance = program.provenance();
  for (const fs::path& source : sources) provenance.add_source(source);
  const WriteReport report = write_volume(output, outcome.hu, VoxelType::int16_hu, overwrite);
  Json details = {{name, outcome.record}, {"recipe", std::move(recipe)}};
  add_effort(details, provenance, outcome.seconds, 0);
  write_sidecar(output, provenance, sources, report, details, overwrite);
}

void add_iterative_choice(CLI::App& command, IterativeChoice& choice, bool with_strength) {
  if (with_strength) {
    takes_one_of(command.add_option("--method", choice.method, "What is minimised, and how"), names_of<ct::Method>());
    command
        .add_option("--strength", choice.strength,
                    "Weight of total variation in mm; auto: 0.005, or 0.05 without weights")
        ->check(CLI::Validator(check_strength, "", "strength"))
        ->type_name("X|auto");
  }
  command
      .add_option("--iterations", choice.iterations,
                  "At most so many; 0: 60 of tv, 40 of os-sart, 200 of sirt, 12 of cgls")
      ->transform(range(0, 1000000))
      ->type_name("N");
  command
      .add_option("--subsets", choice.subsets,
                  "Subsets of the views for tv and os-sart; 0: of six views or more, at most 8")
      ->transform(range(0, 32767))
      ->type_name("N");
  command
      .add_option(
          "--rays", choice.rays,
          "Rays that stand for the width of a detector element; 0: 2, of a scan that was simulated with one ray 1")
      ->transform(range(0, 16))
      ->type_name("N");
  takes_one_of(
      command.add_option("--weights", choice.weights,
                         "Weights of rays: their counts, or none; auto: counts where there is noise, but not for cgls"),
      {"auto", "counts", "none"});
  command
      .add_option("--start", choice.start,
                  "zero, fbp or fdk (as the scan asks), the file of a CT, or for a manifest the name of an input; "
                  "auto: fbp or fdk for tv")
      ->type_name("FILE|NAME");
  command
      .add_option("--huber", choice.huber_hu, "Total variation smooths steps below so many HU and keeps those above")
      ->transform(range(0.0, 1e6))
      ->type_name("HU");
  command.add_flag("--across-slices", choice.across_slices, "Total variation in 3-D instead of slice by slice");
  command.add_option("--tolerance", choice.tolerance, "Stop when an iteration changes less than this share; 0: never")
      ->transform(range(0.0, 1.0))
      ->type_name("X");
  command
      .add_option("--discrepancy", choice.discrepancy,
                  "Stop at a residual of so many times that of the noise; 0: never")
      ->transform(range(0.0, 1e6))
      ->type_name("X");
  command.add_flag("--allow-negative", choice.allow_negative, "Attenuation may fall below 0");
}

void add_iterative_command(Program& program, IterativeCommand& command) {
  CLI::App& app = add_recon_command(program, command, "iterative",
                                    "Iterations over the rays: SIRT, OS-SART, CGLS or weighted total variation", 0,
                                    "Sinogram; or a manifest (.json, .jsonl, -), whose inputs.sinogram are used",
                                    [&program, &command] { return run_iterative(program, command); });
  add_iterative_choice(app, command.choice, true);
  app.add_option("--pull", command.choice.pull_mm2, "Of cgls: weight in mm^2 of the distance from the start; 0: none")
      ->transform(range(0.0, 1e9))
      ->type_name("X");
  app.add_option("--log", command.log, "Table (TSV) of each iteration's residual, objective and change")
      ->type_name("FILE");
  app.footer("Example:\n  gdm-recon iterative scans/manifest.json -o tv --method tv");
}

}  // namespace gdm::cli
