// gdm-metrics: grades predictions against targets, and paints them side by side.
#include <fmt/format.h>

#include <cmath>
#include <initializer_list>

#include "cli/outputs.hpp"
#include "cli/run.hpp"
#include "grade/grade.hpp"
#include "io/manifest_parts.hpp"
#include "picture/png.hpp"
#include "report/html/page.hpp"
#include "report/montage.hpp"
#include "report/report.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace {

using namespace gdm;

struct Options {
  std::vector<std::string> manifests;
  std::string target, prediction, mask;  ///< one pair instead of manifests
  std::vector<double> range;
  std::vector<std::string> encoders, fail_under, fail_over;
  std::string profile = "synthrad2023", metrics = "default", spread, labels, predicted_labels, label_names;
  std::string dose, predicted_dose, gamma = "2%/2mm", baseline, primary;
  std::string split = "predicted", input, output = "-", tsv, html, bank;
  std::size_t html_cases = 6;
  int bootstrap = 400;
  std::optional<double> undefined_distance_mm;
  bool unmasked = false, resample = false, keep_going = false, full = false, allow_undefined = false;
};

struct MontageArguments {
  std::vector<std::string> manifests;
  std::string output, split = "predicted";
  report::MontageOptions options;
};

void declare_selection(CLI::App& command, std::vector<std::string>& manifests, std::string& split, std::string& input) {
  command
      .add_option(
          "manifest", manifests,
          "Manifests, one per method, as [NAME=]FILE or - for standard input; NAME is the folder's name otherwise; "
          "all manifest-I-of-N.json of a folder are one")
      ->default_str("")
      ->type_name("[NAME=]MANIFEST");
  cli::takes_one_of(
      command.add_option("--split", split, "Cases to take: those with a prediction, or a split of the manifest"),
      {"predicted", "all", "train", "val", "test"});
  command.add_option("--input", input, "Also this input of the first manifest (mr, fbp, ...)")->type_name("KEY");
}

/// plan_cases() calls the cases with a prediction "".
std::string plan_split(const std::string& split) {
  return split == "predicted" ? "" : split;
}

std::vector<grade::MethodManifest> open(const std::vector<std::string>& manifests, const std::string& input) {
  return grade::open_methods(
      manifests, input.empty() ? std::vector<std::string>{} : std::vector<std::string>{"input", "input (linear fit)"});
}

void declare_pair(CLI::App& app, Options& options) {
  app.add_option("--target", options.target, "Grade one pair instead of manifests: the real CT")->type_name("FILE|-");
  app.add_option("--prediction", options.prediction, "The volume that is graded against it")->type_name("FILE|-");
  app.add_option("--mask", options.mask, "The pair's mask; without one the body is found in the target")
      ->type_name("FILE|-");
}

void declare(CLI::App& app, Options& options) {
  declare_selection(app, options.manifests, options.split, options.input);
  declare_pair(app, options);
  app.add_option("--encoder", options.encoders,
                 "Distances of the distributions in the features of this encoder; may be repeated")
      ->allow_extra_args(false)
      ->default_str("")
      ->type_name("FILE.safetensors");
  app.add_option("--bank", options.bank, "Distances to the real features of this bank at each level")
      ->type_name("FILE.safetensors");
  app.add_option("--bootstrap", options.bootstrap, "Draws of patients for the intervals of distances; 0 for none")
      ->transform(cli::range(0, 100000))
      ->type_name("N");
  cli::takes_one_of(app.add_option("--profile", options.profile, "Whose definitions of PSNR, SSIM and MS-SSIM hold"),
                    {"synthrad2023", "synthrad2025", "plain"});
  app.add_option("--range", options.range, "Dynamic range of PSNR, SSIM and MS-SSIM in HU, instead of the profile's")
      ->transform(cli::range(-1e6, 1e6))
      ->expected(2)
      ->default_str("")
      ->type_name("LOW HIGH");
  app.add_option("--metrics", options.metrics,
                 "Metrics (units may be left out) or groups of them, separated by commas, or all")
      ->type_name("LIST|all");
  app.add_flag("--unmasked", options.unmasked, "Also MAE, PSNR, SSIM and MS-SSIM over all voxels");
  app.add_option("--labels", options.labels, "Label volume of each target: an input of the first manifest, or a file")
      ->type_name("KEY|FILE");
  app.add_option("--predicted-labels", options.predicted_labels, "The same of each prediction, in its own manifest")
      ->type_name("KEY|FILE");
  app.add_option("--label-names", options.label_names, "The segments of --labels, such as 1=liver,2=spleen")
      ->type_name("N=NAME,...");
  app.add_option("--dose", options.dose, "Dose volume on each target: an input of the first manifest, or a file")
      ->type_name("KEY|FILE");
  app.add_option("--predicted-dose", options.predicted_dose, "The same on each prediction, in its own manifest")
      ->type_name("KEY|FILE");
  app.add_option("--spread", options.spread, "Standard deviation in HU beside each prediction, in its own manifest")
      ->type_name("KEY|FILE");
  app.add_option("--gamma", options.gamma, "Criteria of the gamma index of the doses")
      ->type_name("PERCENT%/DISTANCEmm");
  app.add_option("--baseline", options.baseline,
                 "Compare the others with this method; else all pairs, of more than three the first with each")
      ->type_name("NAME");
  app.add_option("--primary", options.primary,
                 "The endpoint that is tested alone: a metric, or frechet or kernel[.LEVEL[.ENCODER]]")
      ->type_name("METRIC|DISTANCE");
  app.add_flag("--resample", options.resample, "Interpolate a prediction on another grid at the target's voxels");
  app.add_option("--fail-under", options.fail_under, "Exit 4 if a method's mean is below; may be repeated")
      ->allow_extra_args(false)
      ->default_str("")
      ->type_name("KEY=VALUE");
  app.add_option("--fail-over", options.fail_over, "Exit 4 if a method's mean is above; may be repeated")
      ->allow_extra_args(false)
      ->default_str("")
      ->type_name("KEY=VALUE");
  app.add_flag("--allow-undefined", options.allow_undefined, "A value that is undefined for a case misses no bound");
  app.add_option("--undefined-distance", options.undefined_distance_mm,
                 "Surface distance of a segment that one of the two volumes lacks, instead of none")
      ->transform(cli::range(0.0, 1e6))
      ->default_str("")
      ->type_name("MM");
  app.add_flag("--keep-going", options.keep_going, "Skip a case that cannot be graded, for all methods");
  app.add_flag("--full", options.full, "All tables as text: cases, definitions, differences, ranks, costs");
  app.add_option("--tsv", options.tsv, "Write a row per method and case; - instead of the report")->type_name("FILE|-");
  app.add_option("--html", options.html, "Also write the report as a page with plots and pictures")
      ->type_name("FILE.html");
  app.add_option("--html-cases", options.html_cases, "Cases with pictures in it: worst, median and best ones")
      ->transform(cli::range(0, 1000))
      ->type_name("N");
  app.add_option("-o,--output", options.output, "Where the report goes")->type_name("FILE|-");
}

grade::Settings settings_of(const Options& options) {
  grade::Settings settings;
  settings.profile = grade::profile_from_name(options.profile);
  settings.range = grade::default_range(settings.profile);
  if (!options.range.empty()) settings.range = {options.range[0], options.range[1]};
  if (!(settings.range.width_hu() > 0) || !std::isfinite(settings.range.width_hu())) {
    throw Error(fmt::format("--range: {:g} is not below {:g}", settings.range.low_hu, settings.range.high_hu),
                Exit::usage);
  }
  settings.unmasked = options.unmasked;
  settings.selection = options.metrics;
  settings.undefined_distance_mm = options.undefined_distance_mm;
  settings.predicted_labels = !options.predicted_labels.empty();
  settings.spread = !options.spread.empty();
  if (options.labels.empty() != options.label_names.empty()) {
    throw Error("--labels and --label-names need each other", Exit::usage);
  }
  if (settings.predicted_labels && options.labels.empty()) {
    throw Error("--predicted-labels needs --labels", Exit::usage);
  }
  if (!options.labels.empty()) settings.labels = grade::labels_from_text(options.label_names);
  if (options.dose.empty() != options.predicted_dose.empty()) {
    throw Error("--dose and --predicted-dose need each other", Exit::usage);
  }
  const metrics::GammaOptions gamma = metrics::gamma_from_text(options.gamma);
  if (!options.dose.empty()) settings.gamma = gamma;
  return settings;
}

grade::Endpoint primary_of(const Options& options, const grade::GradeOptions& grade) {
  if (options.manifests.size() + (options.input.empty() ? 0 : 1) < 2) {
    throw Error("--primary needs two methods to compare", Exit::usage);
  }
  std::vector<std::string> encoders;
  for (const fs::path& path : grade.encoders) encoders.push_back(path.stem().string());
  return grade::endpoint_from_text(options.primary, grade::metric_list(grade.settings), encoders);
}

grade::GradeOptions grade_options(const Options& options, const cli::Program& program) {
  grade::GradeOptions grade;
  grade.settings = settings_of(options);
  for (const std::string& gate : options.fail_under) {
    grade.gates.push_back(grade::gate_from_text(gate, "--fail-under"));
  }
  for (const std::string& gate : options.fail_over) {
    grade.gates.push_back(grade::gate_from_text(gate, "--fail-over"));
  }
  for (grade::Gate& gate : grade.gates) gate.allow_undefined = options.allow_undefined;
  grade.gates = grade::resolved_gates(grade.gates, grade::metric_list(grade.settings));
  grade.split = plan_split(options.split);
  grade.input_key = options.input;
  for (const auto& name : options.encoders) grade.encoders.push_back(cli::encoder_path(name));
  grade.bootstrap = {static_cast<std::size_t>(options.bootstrap), program.standard().seed};
  grade.labels = options.labels;
  grade.predicted_labels = options.predicted_labels;
  grade.dose = options.dose;
  grade.predicted_dose = options.predicted_dose;
  grade.spread = options.spread;
  grade.baseline = options.baseline;
  if (!options.primary.empty()) grade.primary = primary_of(options, grade);
  grade.resample = options.resample;
  grade.bank = options.bank;
  grade.keep_going = options.keep_going;
  grade.hash_volumes = program.standard().json;
  grade.compute = cli::compute_of(program);
  return grade;
}

/// Neither a missing folder nor one of the files that are read, those that the manifests name included.
void check_outputs(const std::vector<grade::MethodManifest>& methods, std::vector<fs::path> files,
                   const std::vector<fs::path>& outputs, Overwrite overwrite) {
  cli::RunInputs inputs;
  inputs.files = std::move(files);
  for (const grade::MethodManifest& method : methods) {
    for (const fs::path& file : part_files(method.path)) inputs.files.push_back(file);
    inputs.manifests.push_back(&method.manifest);
  }
  cli::refuse_outputs_that_are_read(inputs, outputs);
  for (const fs::path& output : outputs) {
    if (!output.empty()) check_writable(output, overwrite);
  }
}

bool is_pair(const Options& options) {
  return !options.target.empty() || !options.prediction.empty() || !options.mask.empty();
}

void check_pair(const Options& options) {
  if (!is_pair(options)) return;
  if (!options.manifests.empty()) {
    throw Error("--target, --prediction and --mask grade one pair, so they go with no manifest", Exit::usage);
  }
  if (options.target.empty() || options.prediction.empty()) {
    throw Error("--target and --prediction need each other", Exit::usage);
  }
  const auto streams = (options.target == "-") + (options.prediction == "-") + (options.mask == "-");
  if (streams > 1) throw Error("standard input can be read only once", Exit::usage);
  if (streams > 0 && !options.html.empty()) {
    throw Error("--html reads the volumes again for its pictures, so none may be standard input", Exit::usage);
  }
}

/// The methods that are graded: those of the manifests, or the pair as one of a single case.
std::vector<grade::MethodManifest> methods_of(const Options& options) {
  if (!is_pair(options)) return open(options.manifests, options.input);
  Case pair;
  pair.id = options.prediction == "-" ? "pair" : without_nifti_suffix(options.prediction).filename().string();
  pair.target = options.target;
  pair.prediction = options.prediction;
  if (!options.mask.empty()) pair.mask = options.mask;
  grade::MethodManifest method{"prediction", options.prediction, {}};
  method.manifest.cases = {pair};
  return {method};
}

/// Volumes of a pair, which no manifest names in the provenance.
void add_pair_sources(const Options& options, Provenance& provenance) {
  for (const std::string& path : {options.target, options.mask}) {
    if (!path.empty() && path != "-") provenance.add_source(path);
  }
}

void check_options(const Options& options, const cli::Standard& standard) {
  if (options.tsv == "-" && (standard.json || options.output != "-")) {
    throw Error("--tsv - replaces the report, so it goes with neither --json nor --output", Exit::usage);
  }
  if (options.full && (standard.json || options.tsv == "-")) {
    throw Error("--full is about the text, so it goes with neither --json nor --tsv -", Exit::usage);
  }
  const std::string suffix = fs::path(options.html).extension().string();
  if (!options.html.empty() && suffix != ".html" && suffix != ".htm") {
    throw Error(fmt::format("--html: '{}' does not end in .html", options.html), Exit::usage);
  }
  check_pair(options);
}

int run(const Options& options, cli::Program& program) {
  const cli::Standard& standard = program.standard();
  const grade::GradeOptions grade = grade_options(options, program);
  check_options(options, standard);
  const auto methods = methods_of(options);
  grade::check_baseline(options.baseline, methods);
  std::vector<fs::path> files{grade.spread, grade.bank,           grade.labels,         grade.predicted_labels,
                              grade.dose,   grade.predicted_dose, program.config_file()};
  files.insert(files.end(), grade.encoders.begin(), grade.encoders.end());
  check_outputs(methods, std::move(files), {options.output, options.tsv, options.html}, standard.overwrite());
  if (standard.dry_run) {
    write_stdout(grade::describe_plan(methods, grade));
    return static_cast<int>(Exit::ok);
  }
  Provenance provenance = program.provenance();
  add_pair_sources(options, provenance);
  const grade::Grades grades = grade::grade(methods, grade, provenance);
  if (!options.html.empty()) {
    const auto report = report::report_json(grades, provenance.json());
    write_file(options.html, report::html_page_of(report, methods, grade, options.html_cases), standard.overwrite());
  }
  if (options.tsv == "-") {
    write_stdout(report::tsv_text(grades));
  } else {
    if (!options.tsv.empty()) write_file(options.tsv, report::tsv_text(grades), standard.overwrite());
    const std::string report = standard.json  ? report::report_json(grades, provenance.json()).dump(2) + "\n"
                               : options.full ? report::full_text(grades)
                                              : report::short_text(grades);
    if (options.output == "-") {
      write_stdout(report);
    } else {
      write_file(options.output, report, standard.overwrite());
    }
  }
  for (const auto& skipped : grades.skipped) {
    log_error(fmt::format("case '{}' is not graded: {}", skipped.id, skipped.reason));
  }
  bool missed = false;
  for (const auto& gate : grades.gates) {
    if (gate.passed) continue;
    log_error(grade::describe(gate));
    missed = true;
  }
  if (missed) return static_cast<int>(Exit::gate);
  return static_cast<int>(grades.skipped.empty() ? Exit::ok : Exit::partial);
}

void declare_montage(CLI::App& command, MontageArguments& arguments) {
  report::MontageOptions& options = arguments.options;
  declare_selection(command, arguments.manifests, arguments.split, options.input_key);
  command.add_option("-o,--output", arguments.output, "The picture")
      ->required()
      ->check(cli::picture_name())
      ->type_name("FILE.png");
  command.add_option("--cases", options.cases, "Ids of the cases, or how many to spread over the list")
      ->type_name("ID,ID|N");
  cli::takes_one_of(command.add_option("--plane", options.plane, "Plane of the slices"),
                    {"axial", "coronal", "sagittal"});
  command.add_option("--level", options.level_hu, "Centre of the grey window")
      ->transform(cli::range(-1e6, 1e6))
      ->type_name("HU");
  command.add_option("--width", options.width_hu, "Width of the grey window")
      ->transform(cli::range(1e-3, 1e6))
      ->type_name("HU");
  command.add_option("--error-width", options.error_hu, "Error colours run from -HU to +HU")
      ->transform(cli::range(1e-3, 1e6))
      ->type_name("HU");
}

int run_montage(const MontageArguments& arguments, const cli::Program& program) {
  const cli::Standard& standard = program.standard();
  report::MontageOptions options = arguments.options;
  options.split = plan_split(arguments.split);
  const auto methods = open(arguments.manifests, options.input_key);
  check_outputs(methods, {program.config_file()}, {arguments.output}, standard.overwrite());
  const picture::Picture picture = report::montage(methods, options);
  if (!standard.dry_run) picture::write_png(arguments.output, picture, standard.overwrite());
  return static_cast<int>(Exit::ok);
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-metrics",
                       "Grades predictions against targets: MAE, PSNR, SSIM, anatomy, distances of distributions.");
  Options options;
  MontageArguments montage;
  program.set_run(
      cli::has_output | cli::has_seed | cli::has_device | cli::has_json | cli::has_dry_run | cli::has_volumes,
      [&] { return run(options, program); });
  declare(program.app(), options);
  program.app().footer(
      "Examples:\n"
      "  gdm-metrics old=a/manifest.json new=b/manifest.json --html report.html\n"
      "  gdm-metrics out/manifest-*-of-4.json --full");
  CLI::App& command = program.command("montage", "Paints input, predictions, target and errors, one row per case.",
                                      cli::has_output | cli::has_dry_run | cli::has_volumes,
                                      [&] { return run_montage(montage, program); });
  declare_montage(command, montage);
  command.footer("Example:\n  gdm-metrics montage out/manifest.json -o picture.png --cases 4");
  return program.main(argc, argv);
}
