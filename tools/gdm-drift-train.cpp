// gdm-drift-train: trains a generator by regression, or by regression followed by generative drifting; describes
// generators and draws the curves of trainings.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/config_file.hpp"
#include "cli/run.hpp"
#include "cli/training_outputs.hpp"
#include "engine/engine.hpp"
#include "model/generator_shape.hpp"
#include "model/generator_text.hpp"
#include "model/scaling_choice.hpp"
#include "report/training_plot.hpp"
#include "sys/duration.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace {

using namespace gdm;

constexpr const char* default_encoder = "scattering-ct";  // of the perceptual objective: it needs no training

struct Options {
  std::string manifest, preset = "base", widths = "32,64,128", cache = "auto";
  std::vector<std::string> banks, encoders;
  engine::TrainOptions train;
};

struct Plot {
  fs::path log, output;
};

std::string check_png_name(const std::string& path) {
  return fs::path(path).extension() == ".png" ? "" : "'" + path + "' does not end in .png";
}

std::string check_cache_size(const std::string& text) {
  return text == "auto" ? "" : cli::check_bytes(text);
}

void declare_training(CLI::App& app, Options& o) {
  engine::TrainOptions& t = o.train;
  app.add_option("manifest", o.manifest, "Cases of task sparse-ct or mr2ct; - is stdin")->type_name("MANIFEST");
  app.add_option("-o,--output", t.output, "Model to write; FILE.checkpoint beside it holds an unfinished run")
      ->check(CLI::Validator(cli::check_safetensors_name, "", ""))
      ->type_name("FILE.safetensors");
  app.add_option("--objective", t.objective,
                 "What follows regression (masked L1): drift in banks, features of the own target, or nothing")
      ->check(CLI::Validator(CLI::IsMember({"gdm", "perceptual", "regression"})).description(""))
      ->type_name("gdm|perceptual|regression");
  app.add_option("--bank", o.banks, "Bank of real features with its encoder; several take turns")
      ->allow_extra_args(false)
      ->default_str("")
      ->type_name("FILE");
  app.add_option("--encoder", o.encoders,
                 "Encoder of the perceptual objective beside those of the banks; without either: scattering-ct")
      ->allow_extra_args(false)
      ->default_str("")
      ->type_name("FILE|NAME");
  app.add_option("--init", t.init, "Begin with the weights of this generator")->type_name("FILE");
  app.add_option("--log", t.log, "JSON-lines log; default: the output with .log.jsonl")->type_name("FILE");
  app.add_option("--plot", t.plot, "Picture of the curves, drawn anew at each validation")
      ->check(CLI::Validator(check_png_name, "", ""))
      ->type_name("FILE.png");
  app.add_option("--conditions", t.conditions,
                 "Inputs that the generator sees, in order; default: fbp, or for mr2ct all that are no label maps")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->default_str("")
      ->type_name("NAME,NAME,...");
  app.add_option("--scaling", t.scalings,
                 "How an input's values are scaled: NAME=hu|percentile|zscore|range[:LOW:HIGH]; default: by its values")
      ->allow_extra_args(false)
      ->default_str("")
      ->check(cli::accepted_by(model::parse_scaling, ""))
      ->type_name("NAME=KIND");
  app.add_option("--steps", t.steps, "Optimiser steps")->check(cli::range(1, 100000000));
  app.add_option("--batch", t.batch, "Patches in a step")->check(cli::range(1, 1024));
  app.add_option("--accumulate", t.accumulate, "Batches whose gradients are averaged for a step")
      ->check(cli::range(1, 1024));
  app.add_option("--patch", t.patch, "Patch edge in voxels")->check(cli::range(16, 256));
  app.add_option("--preset", o.preset, "Size: sets what is not given of --widths, --blocks, --patch, --batch")
      ->check(CLI::Validator(CLI::IsMember({"small", "base", "large"})).description(""))
      ->type_name("small|base|large");
  app.add_option("--augment", t.augment, "Turn, scale and shade patches a little at random; not for reconstructions")
      ->check(CLI::Validator(CLI::IsMember({"none", "light", "strong"})).description(""))
      ->type_name("none|light|strong");
  app.add_option("--fresh-noise", t.fresh_noise_hu,
                 "Add noise of this standard deviation in HU, with the spectrum of an FBP's, to the fbp of each patch")
      ->check(cli::range(0.0, 1e4));
  app.add_option("--cache", o.cache,
                 "Memory for cases, such as 800M or 12G; others are read again when needed; auto: half of the free")
      ->check(CLI::Validator(check_cache_size, "", ""))
      ->type_name("SIZE|auto");
  app.add_option("--widths", o.widths, "Channels of the generator's levels")
      ->check(CLI::Validator(cli::check_numbers, "", "numbers"))
      ->type_name("N,N,...");
  app.add_option("--blocks", t.blocks, "Residual blocks of each level, down and up; the deepest has one more")
      ->check(cli::range(1, 16));
  app.add_option("--noise-channels", t.noise_channels, "Inputs of normal noise, for one output of many")
      ->check(cli::range(0, 16));
  app.add_option("--learning-rate", t.learning_rate, "Peak learning rate")->check(cli::range(1e-8, 1.0));
  app.add_option("--ema", t.ema, "Decay of the weights' moving average")->check(cli::range(0.0, 0.99999));
  app.add_option("--precision", t.precision, "Arithmetic of the networks in training; weights and losses stay fp32")
      ->check(CLI::Validator(CLI::IsMember({"fp32", "bf16"})).description(""))
      ->type_name("fp32|bf16");
  app.add_option("--checkpoint-every", t.checkpoint_every, "Steps between checkpoints")
      ->check(cli::range(1, 100000000));
  app.add_option("--validate-every", t.validate_every, "Steps between validations")->check(cli::range(1, 100000000));
  app.add_option("--keep", t.keep, "Weights to write: the last, or the best of those validated with all objectives on")
      ->check(CLI::Validator(CLI::IsMember({"last", "best"})).description(""))
      ->type_name("last|best");
  app.add_option("--score", t.score, "What best means: a mean over the validation cases, inside the mask")
      ->check(CLI::Validator(CLI::IsMember({"mae", "psnr", "ssim"})).description(""))
      ->type_name("mae|psnr|ssim");
  app.add_option("--max-time", t.max_time_s, "Stop with a checkpoint after this many seconds; 0: no limit")
      ->check(cli::range(0.0, 1e9));
  app.add_flag("--restart", t.restart, "Begin anew even if a checkpoint exists");
  app.add_flag("--allow-leak", t.allow_leak,
               "Train although a bank, an encoder or --init was made from a patient of the val or test split");
}

void declare_drift(CLI::App& app, engine::TrainOptions& t) {
  app.add_option("--drift-start", t.drift_start, "Part of the steps that are regression alone")
      ->check(cli::range(0.0, 1.0));
  app.add_option("--drift", t.drift, "Size of the drift gradient relative to the fidelity gradient, at the volume")
      ->check(cli::range(0.0, 10.0));
  app.add_option(
         "--perceptual", t.perceptual,
         "The same of the perceptual gradient; default: 0.3 with perceptual, 0.15 with gdm and --encoder, else 0")
      ->default_str("")
      ->check(cli::range(0.0, 10.0));
  app.add_option("--ssim", t.ssim,
                 "The same of the gradient of 1 - SSIM, with any objective; default: 0.2 with gdm, else 0")
      ->default_str("")
      ->check(cli::range(0.0, 10.0));
  app.add_option("--gradient-l1", t.gradient_l1,
                 "The same of an L1 of image gradients, with any objective: less error for less realism")
      ->check(cli::range(0.0, 10.0));
  app.add_option("--share-end", t.share_end, "Factor on these four at the last step, linear from 1 at --drift-start")
      ->check(cli::range(0.0, 10.0));
  app.add_option("--coordination", t.coordination, "How the gradients are brought together")
      ->check(
          CLI::Validator(CLI::IsMember({"fixed", "norm", "pcgrad", "norm+pcgrad", "mgda", "cagrad"})).description(""))
      ->type_name("fixed|norm|pcgrad|norm+pcgrad|mgda|cagrad");
  app.add_option("--conflict", t.conflict, "Part of a gradient's opposition to fidelity that is projected away")
      ->check(cli::range(0.0, 1.0));
  app.add_option("--conflict-edge", t.conflict_edge, "Find it in cubes of this edge in voxels; 0: in the whole patch")
      ->check(cli::range(0, 256));
  app.add_option("--taps", t.taps, "Use so many of the finest feature maps of each encoder; 0: all")
      ->check(cli::range(0, 64));
  app.add_option("--weight-global", t.weight_global, "Weight of the global level")->check(cli::range(0.0, 1e3));
  app.add_option("--weight-local", t.weight_local, "Weight of the local level")->check(cli::range(0.0, 1e3));
  app.add_option("--weight-spatial", t.weight_spatial, "Weight of the spatial level")->check(cli::range(0.0, 1e3));
  app.add_option("--pair-weight", t.pair_weight, "Weight of a patient's own real features among the positives; 0: none")
      ->check(cli::range(0.0, 1e3));
  app.add_option("--set-global", t.set_global, "Real features, and remembered generated ones, that a patch meets")
      ->check(cli::range(1, 65536));
  app.add_option("--set-local", t.set_local, "The same for each place at the local level")
      ->check(cli::range(16, 65536));
  app.add_option("--ring-batches", t.ring_batches, "Batches after which generated features are forgotten")
      ->check(cli::range(1, 1000000));
  app.add_option("--temperatures", t.temperatures, "Kernel widths relative to the mean distance")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("X,X,...")
      ->check(cli::range(1e-4, 100.0));
  app.add_option("--sinkhorn", t.sinkhorn, "Rounds of Sinkhorn normalisation of the affinities; 0: two softmaxes")
      ->check(cli::range(0, 100));
}

/// Gives the options of a preset their values where the command line and the file of options do not.
void apply_preset(const CLI::App& app, Options& o) {
  const model::GeneratorPreset& preset = model::generator_preset(o.preset);
  if (app.count("--widths") == 0) o.widths = fmt::format("{}", fmt::join(preset.widths, ","));
  if (app.count("--blocks") == 0) o.train.blocks = preset.blocks;
  if (app.count("--patch") == 0) o.train.patch = preset.patch;
  if (app.count("--batch") == 0) o.train.batch = preset.batch;
  o.train.widths = cli::numbers_from_text(o.widths, "--widths");
}

/// Shares that are not given follow from the objective (README, "Grading").
void apply_default_shares(const CLI::App& app, Options& o) {
  engine::TrainOptions& t = o.train;
  if (app.count("--perceptual") == 0) {
    const double beside_drift = o.encoders.empty() ? 0.0 : 0.15;
    t.perceptual = t.objective == "perceptual" ? 0.3 : t.objective == "gdm" ? beside_drift : 0.0;
  }
  if (app.count("--ssim") == 0) t.ssim = t.objective == "gdm" ? 0.2 : 0.0;
}

/// What the objective needs and what it does not take.
void check_objective(const Options& o) {
  const engine::TrainOptions& t = o.train;
  if (t.objective == "gdm" && o.banks.empty()) {
    throw Error(
        fmt::format("--objective gdm needs --bank; make one with: gdm-featbank build {} --encoder {} --patch {} "
                    "--training-patch {} -o bank.safetensors (--objective regression needs none)",
                    o.manifest, default_encoder, std::max<std::int64_t>(16, (t.patch - 8) / 8 * 8), t.patch),
        Exit::usage);
  }
  if (t.objective == "gdm" && t.perceptual == 0 && !o.encoders.empty()) {
    throw Error("--encoder takes part in the perceptual objective alone, so it needs --perceptual", Exit::usage);
  }
  if (t.objective == "perceptual" && t.perceptual == 0) {
    throw Error("--perceptual 0 leaves nothing of --objective perceptual", Exit::usage);
  }
}

/// Options, without their dashes, that say nothing to the objective.
std::vector<std::string> unused_options(const engine::TrainOptions& t) {
  std::vector<std::string> unused;
  const auto add = [&](const std::vector<std::string>& names) {
    unused.insert(unused.end(), names.begin(), names.end());
  };
  if (t.objective != "gdm") {
    add({"drift", "weight-global", "weight-local", "weight-spatial", "pair-weight", "set-global", "set-local",
         "ring-batches", "temperatures", "sinkhorn"});
  }
  if (t.objective == "regression") add({"bank", "encoder", "perceptual", "taps"});
  if (t.plain_regression()) {
    add({"share-end", "drift-start", "coordination", "conflict", "conflict-edge"});
  }
  return unused;
}

/// Whoever gives them likely means another objective.
void warn_of_unused(const CLI::App& app, const engine::TrainOptions& t) {
  std::vector<std::string> given;
  for (const std::string& name : unused_options(t)) {
    if (app.count("--" + name) > 0) given.push_back("--" + name);
  }
  if (!given.empty()) log_warning(fmt::format("--objective {} does not use {}", t.objective, fmt::join(given, ", ")));
}

/// Options that a file of options may carry to another run: what makes the weights what they are. Shares that were not
/// given are left out, since another objective has its own.
nlohmann::ordered_json portable_options(const CLI::App& app, const Options& o) {
  const engine::TrainOptions& t = o.train;
  nlohmann::ordered_json json =
      cli::options_in_effect(app, {"output", "log", "plot", "force", "reproducible", "device", "allow-code", "dry-run",
                                   "checkpoint-every", "max-time", "restart", "allow-leak", "cache"});
  if (!o.encoders.empty()) json["encoder"] = o.encoders;
  for (const std::string& name : unused_options(t)) json.erase(name);  // another objective takes its own defaults
  json["widths"] = o.widths;
  json["blocks"] = t.blocks;
  json["patch"] = t.patch;
  json["batch"] = t.batch;
  return json;
}

/// Draws the curves of a log anew. A failure is no reason to lose the training.
void draw_curves(const fs::path& log, const fs::path& plot) {
  try {
    write_png(plot, report::training_plot(report::read_training_log(log)), Overwrite::replace);
  } catch (const Error& error) {
    log_warning(std::string("the curves were not drawn: ") + error.what());
  }
}

std::string plan_text(const nlohmann::ordered_json& plan) {
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
  apply_preset(program.app(), o);
  t.widths = cli::numbers_from_text(o.widths, "--widths");
  t.cache_bytes = o.cache == "auto" ? -1 : cli::bytes_from_text(o.cache);
  apply_default_shares(program.app(), o);
  check_objective(o);
  warn_of_unused(program.app(), t);
  if (t.objective == "perceptual" && o.banks.empty() && o.encoders.empty()) o.encoders.emplace_back(default_encoder);
  t.options = portable_options(program.app(), o);
  t.overwrite = program.standard().overwrite();
  std::vector<fs::path> inputs{o.manifest, t.init, program.config_file()};
  for (const std::string& bank : o.banks) inputs.push_back(t.banks.emplace_back(bank));
  for (const std::string& encoder : o.encoders) inputs.push_back(t.encoders.emplace_back(cli::encoder_path(encoder)));
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

int run_info(const cli::Program& program, const fs::path& path) {
  const SafetensorsFile file(path);
  const nlohmann::ordered_json info = model::generator_info(file);
  write_stdout(program.standard().json ? info.dump(1) + "\n" : model::generator_text(info));
  return 0;
}

int run_plot(const cli::Program& program, const Plot& plot) {
  cli::refuse_outputs_that_are_read({{plot.log}, {}}, {plot.output});
  check_writable(plot.output, program.standard().overwrite());
  write_png(plot.output, report::training_plot(report::read_training_log(plot.log)), program.standard().overwrite());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-drift-train",
                       "Train a one-step generator: regression, then attraction-repulsion drift in a feature bank.");
  Options options;
  declare_training(program.app(), options);
  declare_drift(program.app(), options.train);
  program.set_run(cli::has_output | cli::has_seed | cli::has_device | cli::has_dry_run | cli::has_volumes,
                  [&] { return run(program, options); });
  program.app().footer(
      "Examples:\n"
      "  gdm-drift-train cases/manifest.json --bank bank.safetensors -o model.safetensors\n"
      "  gdm-drift-train cases/manifest.json --objective regression -o l1.safetensors --steps 2000");
  fs::path model;
  CLI::App& info =
      program.command("info", "Describe a generator", cli::has_json, [&] { return run_info(program, model); });
  info.add_option("model", model, "Generator file")->required()->type_name("FILE");
  info.footer("Example:\n  gdm-drift-train info model.safetensors");
  Plot plot;
  CLI::App& plotter = program.command("plot", "Draw the curves of a training", cli::has_output,
                                      [&] { return run_plot(program, plot); });
  plotter.add_option("log", plot.log, "Log of a training, also of one that is running")->required()->type_name("LOG");
  plotter.add_option("-o,--output", plot.output, "Picture to write")->required()->type_name("FILE.png");
  plotter.footer("Example:\n  gdm-drift-train plot model.log.jsonl -o curves.png");
  return program.main(argc, argv);
}
