// gdm-drift-train: trains a generator by regression, by regression and generative drifting or another objective beside
// it, or as a process of several evaluations; describes generators and draws the curves of trainings.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/option_table.hpp"
#include "cli/run.hpp"
#include "cli/training_outputs.hpp"
#include "engine/engine.hpp"
#include "engine/training_options.hpp"
#include "model/generator_text.hpp"
#include "model/half_precision.hpp"
#include "report/training_plot.hpp"
#include "sys/duration.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace {

using namespace gdm;
using engine::Objective;

constexpr const char* default_encoder = "scattering-ct";  // of the perceptual objective: it needs no training

struct Options {
  std::string manifest;
  engine::TrainOptions train;
};

struct Plot {
  fs::path log, output;
};

struct Half {
  std::string model;
  fs::path card, output;
};

void declare_training(CLI::App& app, Options& o) {
  app.add_option("manifest", o.manifest, "Cases of task sparse-ct or mr2ct; - is stdin")->type_name("MANIFEST");
  cli::declare(app, engine::training_options(), o.train);
}

/// What the objective needs and what it does not take.
void check_objective(const Options& o) {
  const engine::TrainOptions& t = o.train;
  if ((t.objective == Objective::gdm || t.objective == Objective::frechet) && t.banks.empty()) {
    throw Error(fmt::format("--objective {} needs --bank; make one with: gdm-featbank build {} --encoder {} --patch {} "
                            "--training-patch {} -o bank.safetensors (--objective regression needs none)",
                            name_of(t.objective), o.manifest, default_encoder,
                            std::max<std::int64_t>(16, (t.patch.least() - 8) / 8 * 8), t.patch.text()),
                Exit::usage);
  }
  if (t.objective == Objective::gdm && t.perceptual == 0 && !t.encoders.empty()) {
    throw Error("--encoder takes part in the perceptual objective alone, so it needs --perceptual", Exit::usage);
  }
  const auto needs_share = [&](Objective objective, const char* option, double share) {
    if (t.objective != objective || share > 0) return;
    throw Error(fmt::format("--{} 0 leaves nothing of --objective {}", option, name_of(objective)), Exit::usage);
  };
  needs_share(Objective::perceptual, "perceptual", t.perceptual);
  needs_share(Objective::gan, "adversarial", t.adversarial);
  needs_share(Objective::frechet, "frechet", t.frechet);
}

/// Defaults that follow from other options, a word about options that say nothing beside the others, and what the
/// model holds of all of them.
void complete(CLI::App& app, Options& o) {
  engine::TrainOptions& t = o.train;
  cli::derive_defaults(app, engine::training_options(), t);
  check_objective(o);
  const auto vain = cli::given_in_vain(app, engine::training_options(), t);
  if (!vain.empty()) {  // whoever gives them likely means another objective
    log_warning(fmt::format("--objective {} does not use {}", name_of(t.objective), fmt::join(vain, ", ")));
  }
  t.options = cli::portable_options(app, engine::training_options(), t);
  if (t.objective == Objective::perceptual && t.banks.empty() && t.encoders.empty()) {
    t.encoders.emplace_back(default_encoder);
    t.options["encoder"] = Json::array({default_encoder});
  }
  for (fs::path& encoder : t.encoders) encoder = cli::encoder_path(encoder.string());
  if (!t.init.empty()) t.init = cli::model_path(t.init.string());
  if (t.has_base()) {
    t.source = with_context("--source is noise, input or a model", [&] { return cli::model_path(t.source).string(); });
  }
}

/// Draws the curves of a log anew. A failure is no reason to lose the training.
void draw_curves(const fs::path& log, const fs::path& plot) {
  try {
    write_png(plot, report::training_plot(report::read_training_log(log)), Overwrite::replace);
  } catch (const Error& error) {
    log_warning(std::string("the curves were not drawn: ") + error.what());
  }
}

std::string plan_text(const Json& plan) {
  std::string text = model::generator_text(plan.at("model"));
  text += fmt::format("steps          {} to {}, {} each", plan.at("first_step").dump(), plan.at("steps").dump(),
                      duration_text(plan.at("step_s").get<double>()));
  if (!plan.at("objective_step_s").is_null()) {
    text += fmt::format(", {} with all objectives", duration_text(plan.at("objective_step_s").get<double>()));
  }
  text += fmt::format("\nvalidation     {} each\ntime           about {}\nmemory         {:.0f} MiB at most so far\n",
                      duration_text(plan.at("validation_s").get<double>()),
                      duration_text(plan.at("remaining_s").get<double>()), plan.at("peak_memory_mib").get<double>());
  for (const auto& path : plan.at("writes")) text += "writes         " + path.get<std::string>() + "\n";
  return text;
}

int run(cli::Program& program, Options& o) {
  engine::TrainOptions& t = o.train;
  if (o.manifest.empty()) throw Error("no MANIFEST to train on", Exit::usage);
  if (t.output.empty()) throw Error("--output is needed: the model to write", Exit::usage);
  complete(program.app(), o);
  t.overwrite = program.standard().overwrite();
  std::vector<fs::path> inputs{o.manifest, t.init, program.config_file()};
  if (t.has_base()) inputs.emplace_back(t.source);
  inputs.insert(inputs.end(), t.banks.begin(), t.banks.end());
  inputs.insert(inputs.end(), t.encoders.begin(), t.encoders.end());
  const Manifest manifest = read_manifest(o.manifest);
  manifest.split("train");
  cli::TrainingFiles files{t.output, t.log, t.plot};
  const cli::TrainingOutputs outputs({inputs, {&manifest}}, files, t.overwrite);
  t.log = files.log;
  if (!t.plot.empty()) t.log_grew = [&t] { draw_curves(t.log, t.plot); };
  Provenance provenance = program.provenance();
  if (o.manifest != "-") provenance.add_source(o.manifest);
  if (program.standard().dry_run) {
    write_stdout(plan_text(engine::services().plan_training(manifest, t, cli::compute_of(program), provenance)));
    return 0;
  }
  const bool finished = engine::services().train_generator(manifest, t, cli::compute_of(program), provenance);
  return cli::exit_of(finished);
}

int run_info(const cli::Program& program, const std::string& name) {
  const SafetensorsFile file(cli::model_path(name));
  const Json info = model::generator_info(file);
  write_stdout(program.standard().json ? info.dump(1) + "\n" : model::generator_text(info));
  return 0;
}

int run_plot(const cli::Program& program, const Plot& plot) {
  cli::refuse_outputs_that_are_read({{plot.log}, {}}, {plot.output});
  check_writable(plot.output, program.standard().overwrite());
  write_png(plot.output, report::training_plot(report::read_training_log(plot.log)), program.standard().overwrite());
  return 0;
}

int run_half(const cli::Program& program, const Half& half) {
  const fs::path model = cli::model_path(half.model);
  cli::refuse_outputs_that_are_read({{model, half.card}, {}}, {half.output});
  check_writable(half.output, program.standard().overwrite());
  model::write_in_half_precision(SafetensorsFile(model), cli::card_text(half.card), half.output,
                                 program.standard().overwrite());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-drift-train",
                       "Train a one-step generator: regression, then attraction-repulsion drift in a feature bank.");
  Options options;
  declare_training(program.app(), options);
  program.set_run(cli::has_output | cli::has_seed | cli::has_device | cli::has_dry_run | cli::has_volumes,
                  [&] { return run(program, options); });
  program.app().footer(
      "Examples:\n"
      "  gdm-drift-train cases/manifest.json --bank bank.safetensors -o model.safetensors\n"
      "  gdm-drift-train cases/manifest.json --objective regression -o l1.safetensors --steps 2000");
  std::string model;
  CLI::App& info =
      program.command("info", "Describe a generator", cli::has_json, [&] { return run_info(program, model); });
  info.add_option("model", model, "Generator file, or the name of one that gdm comes with")
      ->required()
      ->type_name("FILE");
  info.footer("Example:\n  gdm-drift-train info model.safetensors");
  Plot plot;
  CLI::App& plotter = program.command("plot", "Draw the curves of a training", cli::has_output,
                                      [&] { return run_plot(program, plot); });
  plotter.add_option("log", plot.log, "Log of a training, also of one that is running")->required()->type_name("LOG");
  plotter.add_option("-o,--output", plot.output, "Picture to write")
      ->required()
      ->check(cli::picture_name())
      ->type_name("FILE.png");
  plotter.footer("Example:\n  gdm-drift-train plot model.log.jsonl -o curves.png");
  Half half;
  CLI::App& halver = program.command("half", "Write a generator with its weights in half precision", cli::has_output,
                                     [&] { return run_half(program, half); });
  halver.add_option("model", half.model, "Generator file")->required()->type_name("FILE");
  halver.add_option("-o,--output", half.output, "Generator to write, half the size")->required()->type_name("FILE");
  halver.add_option("--card", half.card, "Text for people that the generator carries")->type_name("FILE.txt");
  halver.footer("Example:\n  gdm-drift-train half model.safetensors -o small.safetensors");
  return program.main(argc, argv);
}
