#include "cli/consistency.hpp"

#include <fmt/format.h>

#include <map>

#include "cli/iterative.hpp"
#include "cli/resume.hpp"
#include "ct/measured.hpp"
#include "image/hu_check.hpp"
#include "io/nifti/nifti.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

IterativeChoice choice_of(const ConsistencyCommand& command) {
  IterativeChoice choice = consistency_choice(command.iterations, command.pull_mm2);
  choice.discrepancy = command.discrepancy;
  if (command.weights != "auto") choice.weights = command.weights;
  return choice;
}

fs::path prediction_of(const Case& item) {
  if (!item.prediction) throw Error("has no prediction to bring back to its rays");
  return *item.prediction;
}

int run_consistency(Program& program, const ConsistencyCommand& command) {
  const IterativeChoice choice = choice_of(command);
  std::map<fs::path, fs::path> starts;
  ReconStep step = sinogram_step("consistency");
  step.is_prediction = true;
  step.options = {{"iterations", choice.iterations},
                  {"pull_mm2", choice.pull_mm2},
                  {"discrepancy", choice.discrepancy},
                  {"weights", choice.weights}};
  if (command.input != "-" && !is_manifest(command.input)) {
    if (command.start.empty()) throw Error("a single sinogram needs --start, the CT that was predicted", Exit::usage);
    if (!fs::exists(command.start)) throw Error(command.start.string() + ": no such file");
    starts[command.input] = command.start;
    step.reads.push_back(command.start);
  } else if (!command.start.empty()) {
    throw Error("--start is for a single sinogram; of a manifest the predictions are taken", Exit::usage);
  }
  step.source = [&](const Case& item) {
    const fs::path source = item.input("sinogram");
    starts[source] = prediction_of(item);
    return source;
  };
  step.check = [&](const fs::path& source) { check_iterative(source, choice, starts[source]); };
  step.recipe = [&](const fs::path& source, const std::string&) {
    std::vector<fs::path> sources = with_sidecar(source);
    sources.push_back(starts[source]);
    return recipe_json("consistency", step.options, sources);
  };
  step.make = [&](const fs::path& source, const fs::path& output, const std::string& id) {
    Volume predicted = read_volume(starts[source]);
    with_context(starts[source].string(), [&] { ct::require_finite(predicted); });
    require_hu(predicted, starts[source].string());
    const IterativeOutcome outcome =
        consistent_with_rays(std::move(predicted), starts[source].string(), source, choice);
    log_verbose(fmt::format("{}: residual {:.4g} of the data before and {:.4g} after {} iterations",
                            source.filename().string(), outcome.record.at("residual_of_start").get<double>(),
                            outcome.record.at("residual").get<double>(), outcome.result.iterations));
    write_outcome(program, command, "consistency", outcome, {source, starts[source]}, output, step.recipe(source, id));
  };
  return run_step(program, command, step);
}

}  // namespace

void add_consistency_command(Program& program, ConsistencyCommand& command) {
  CLI::App& app = add_recon_command(program, command, "consistency",
                                    "A prediction brought back to its rays by weighted conjugate gradients", 0,
                                    "Sinogram; or a manifest (.json, .jsonl, -) of predictions with inputs.sinogram",
                                    [&program, &command] { return run_consistency(program, command); });
  app.add_option("--start", command.start, "The predicted CT of a single sinogram")->type_name("FILE");
  app.add_option("--iterations", command.iterations, "At most so many")->transform(range(1, 100000))->type_name("N");
  app.add_option("--pull", command.pull_mm2, "Weight in mm^2 of the distance from the prediction; 0: none")
      ->transform(range(0.0, 1e9))
      ->type_name("X");
  app.add_option("--discrepancy", command.discrepancy,
                 "Stop at a residual of so many times that of the noise; 0: never")
      ->transform(range(0.0, 1e6))
      ->type_name("X");
  takes_one_of(app.add_option("--weights", command.weights, "Weights of rays: their counts (auto), or none"),
               {"auto", "counts", "none"});
  app.footer(
      "Example:\n"
      "  gdm-synth tv/manifest.json --model model.safetensors -o out --split test\n"
      "  gdm-recon consistency out/manifest.json -o consistent");
}

}  // namespace gdm::cli
