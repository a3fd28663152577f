// gdm-recon: from a CT to its sparse-view sinogram (project), and from a sinogram to a CT by filtered back-projection
// (fbp, fdk), by iterations over its rays (iterative) or by a trained network (gdm). Works on one
// volume or on every case of a manifest.
#include <fmt/format.h>

#include <algorithm>

#include "cli/analytic.hpp"
#include "cli/app.hpp"
#include "cli/consistency.hpp"
#include "cli/import_sinogram.hpp"
#include "cli/iterative.hpp"
#include "cli/model_input.hpp"
#include "cli/project.hpp"
#include "cli/recon_geometry.hpp"
#include "cli/recon_step.hpp"
#include "cli/sinogram_options.hpp"
#include "cli/synthesis.hpp"
#include "cli/tune.hpp"
#include "ct/parallel.hpp"
#include "ct/sinogram_file.hpp"
#include "model/acquisition.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

using namespace gdm;

namespace {

struct Options : cli::ReconOptions {
  std::string model_filter = "auto";
  cli::SynthesisOptions synthesis;
  cli::ProjectCommand project;
  cli::ImportCommand import;
  cli::AnalyticCommand fbp, fdk;
  cli::IterativeCommand iterative;
  cli::TuneCommand tune;
  cli::ConsistencyCommand consistency;
};

int run_gdm(cli::Program& program, const Options& options) {
  Provenance provenance = program.provenance();
  cli::SynthesisOptions how = options.synthesis;
  how.replace = options.batch.resume;
  cli::Synthesis synthesis(program, how, provenance);
  std::vector<cli::ModelInput> inputs;
  for (const std::string& name : synthesis.condition_names()) {
    inputs.push_back(with_context(options.synthesis.ensemble.models.front().string(), [&] {
      return cli::model_input(synthesis.description(), name, options.model_filter);
    }));
  }
  if (options.model_filter != "auto" && std::none_of(inputs.begin(), inputs.end(), [](const cli::ModelInput& input) {
        return input.analytic.has_value();
      })) {
    throw Error("--filter is for back-projections, and none is an input of this model", Exit::usage);
  }
  cli::ReconStep step = cli::sinogram_step("gdm");
  step.is_prediction = true;
  step.reads = options.synthesis.ensemble.models;
  step.reads.push_back(options.synthesis.bank);
  step.accept = [&](const fs::path& source) {
    for (const cli::ModelInput& input : inputs) {
      synthesis.check_acquisition(input.name, input.record(source), source.filename().string());
    }
  };
  step.check = [&](const fs::path& source) {
    const ct::StoredSinogram stored = ct::read_sinogram(source);
    cli::warn_of_truncation(stored, source.filename().string());
    const std::int64_t members = synthesis.ensemble().members();
    log_info(fmt::format("{}: {}, {}about {:.0f} MiB of memory for the network", source.filename().string(),
                         describe(stored.grid), members > 1 ? fmt::format("mean of {} predictions, ", members) : "",
                         synthesis.peak_mib(stored.grid)));
  };
  step.options = synthesis.options_json();
  for (const cli::ModelInput& input : inputs) step.options[input.name] = input.settings();
  step.recipe = [&](const fs::path& source, const std::string& id) {
    Json how = Json::object();
    for (const cli::ModelInput& input : inputs) how[input.name] = input.settings();
    return synthesis.recipe("reconstruction", cli::with_sidecar(source), {}, id, how);
  };
  step.make = [&](const fs::path& source, const fs::path& output, const std::string& id) {
    step.accept(source);
    cli::warn_of_truncation(ct::read_sinogram(source), source.filename().string());
    Json details = {{"recipe", step.recipe(source, id)}};
    std::vector<Volume> conditions;
    const Json& declared = synthesis.description().at("generator").at("conditions");
    for (const cli::ModelInput& input : inputs) {
      conditions.push_back(input.reconstructed(source));
      cli::require_scale(declared.at(conditions.size() - 1), conditions.back(),
                         fmt::format("{}: input '{}'", source.filename().string(), input.name));
      details[input.name] = input.record(source);
    }
    synthesis.predict(conditions, {source}, {output},
                      {id, "", id.empty() ? "reconstruction" : "", {}, std::move(details), source})();
  };
  return cli::run_step(program, options, step);
}

CLI::App& add_command(cli::Program& program, Options& options, const std::string& name, const std::string& description,
                      unsigned has, const std::string& input, int (*run)(cli::Program&, const Options&)) {
  return cli::add_recon_command(program, options, name, description, has, input,
                                [&program, &options, run] { return run(program, options); });
}

void add_gdm_options(CLI::App& command, Options& options) {
  std::vector<std::string> names = names_of<ct::Window>();
  names.insert(names.begin(), "auto");
  cli::takes_one_of(
      command.add_option("--filter", options.model_filter, "Window of the ramp filter; auto: as the model was trained"),
      names);
  cli::add_synthesis_options(command, options.synthesis);
  command
      .add_option("--samples", options.synthesis.ensemble.draws,
                  "The mean of so many draws of a model with noise; gdm-synth makes cases of them, and their spread")
      ->transform(cli::range(1, 10000));
}

void declare(cli::Program& program, Options& options) {
  cli::add_project_command(program, options.project);
  cli::add_import_command(program, options.import);
  cli::add_fbp_command(program, options.fbp);
  cli::add_fdk_command(program, options.fdk);
  cli::add_iterative_command(program, options.iterative);
  cli::add_tune_command(program, options.tune);
  cli::add_consistency_command(program, options.consistency);
  CLI::App& gdm =
      add_command(program, options, "gdm", "What a trained network makes of a scan", cli::has_seed | cli::has_device,
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
