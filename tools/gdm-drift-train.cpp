// gdm-drift-train: trains a generator by regression, or by regression followed by generative drifting.
#include <fmt/format.h>

#include "cli/run.hpp"
#include "sys/error.hpp"

namespace {

using namespace gdm;

struct Options {
  std::string manifest, widths = "32,64,128";
  std::vector<std::string> banks, encoders;
  net::TrainOptions train;
};

void declare_training(CLI::App& app, Options& o) {
  net::TrainOptions& t = o.train;
  app.add_option("manifest", o.manifest, "Cases of task sparse-ct or mr2ct; - is stdin")
      ->required()
      ->type_name("MANIFEST");
  app.add_option("-o,--output", t.output, "Model to write; FILE.checkpoint beside it holds an unfinished run")
      ->required()
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
                 "Encoder of the perceptual objective beside those of the banks; may be repeated")
      ->allow_extra_args(false)
      ->default_str("")
      ->type_name("FILE|NAME");
  app.add_option("--init", t.init, "Begin with the weights of this generator")->type_name("FILE");
  app.add_option("--log", t.log, "JSON-lines log; default: the output with .log.jsonl")->type_name("FILE");
  app.add_option("--steps", t.steps, "Optimiser steps")->check(cli::range(1, 100000000));
  app.add_option("--batch", t.batch, "Windows in a step")->check(cli::range(1, 1024));
  app.add_option("--window", t.window, "Window edge in voxels")->check(cli::range(16, 256));
  app.add_option("--widths", o.widths, "Channels of the generator's levels")
      ->check(CLI::Validator(cli::check_numbers, "", "numbers"))
      ->type_name("N,N,...");
  app.add_option("--learning-rate", t.learning_rate, "Peak learning rate")->check(cli::range(1e-8, 1.0));
  app.add_option("--ema", t.ema, "Decay of the weights' moving average")->check(cli::range(0.0, 0.99999));
  app.add_option("--checkpoint-every", t.checkpoint_every, "Steps between checkpoints")
      ->check(cli::range(1, 100000000));
  app.add_option("--validate-every", t.validate_every, "Steps between validations")->check(cli::range(1, 100000000));
  app.add_option("--max-time", t.max_time_s, "Stop with a checkpoint after this many seconds; 0: no limit")
      ->check(cli::range(0.0, 1e9));
  app.add_flag("--restart", t.restart, "Begin anew even if a checkpoint exists");
}

void declare_drift(CLI::App& app, net::TrainOptions& t) {
  app.add_option("--drift-start", t.drift_start, "Part of the steps that are regression alone")
      ->check(cli::range(0.0, 1.0));
  app.add_option("--rho", t.rho, "Size of the drift gradient relative to the fidelity gradient, at the volume")
      ->check(cli::range(0.0, 10.0));
  app.add_option("--perceptual", t.perceptual, "The same of the perceptual gradient; --objective perceptual: 0.3")
      ->check(cli::range(0.0, 10.0));
  app.add_option("--coordination", t.coordination, "How the gradients are brought together")
      ->check(
          CLI::Validator(CLI::IsMember({"fixed", "norm", "pcgrad", "norm+pcgrad", "mgda", "cagrad"})).description(""))
      ->type_name("fixed|norm|pcgrad|norm+pcgrad|mgda|cagrad");
  app.add_option("--conflict", t.conflict, "Part of a gradient's opposition to fidelity that is projected away")
      ->check(cli::range(0.0, 1.0));
  app.add_option("--conflict-edge", t.conflict_edge, "Find it in cubes of this edge in voxels; 0: in the whole window")
      ->check(cli::range(0, 256));
  app.add_option("--taps", t.taps, "Use so many of the finest feature maps of each encoder; 0: all")
      ->check(cli::range(0, 64));
  app.add_option("--weight-global", t.weight_global, "Weight of the global level")->check(cli::range(0.0, 1e3));
  app.add_option("--weight-local", t.weight_local, "Weight of the local level")->check(cli::range(0.0, 1e3));
  app.add_option("--weight-spatial", t.weight_spatial, "Weight of the spatial level")->check(cli::range(0.0, 1e3));
  app.add_option("--pair-weight", t.pair_weight, "Weight of a patient's own real features among the positives; 0: none")
      ->check(cli::range(0.0, 1e3));
  app.add_option("--temperatures", t.temperatures, "Kernel widths relative to the mean distance")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("X,X,...")
      ->check(cli::range(1e-4, 100.0));
  app.add_option("--sinkhorn", t.sinkhorn, "Rounds of Sinkhorn normalisation of the affinities; 0: two softmaxes")
      ->check(cli::range(0, 100));
}

/// What the objective needs and what it does not take.
void check_objective(const Options& o, bool perceptual_given) {
  const net::TrainOptions& t = o.train;
  if (t.objective == "gdm" && o.banks.empty()) throw Error("--objective gdm needs --bank", Exit::usage);
  if (t.objective == "perceptual" && o.banks.empty() && o.encoders.empty()) {
    throw Error("--objective perceptual needs --encoder or --bank", Exit::usage);
  }
  if (t.objective == "gdm" && t.perceptual == 0 && !o.encoders.empty()) {
    throw Error("--encoder takes part in the perceptual objective alone, so it needs --perceptual", Exit::usage);
  }
  if (t.objective == "perceptual" && perceptual_given && t.perceptual == 0) {
    throw Error("--perceptual 0 leaves nothing of --objective perceptual", Exit::usage);
  }
}

int run(cli::Program& program, Options& o) {
  net::TrainOptions& t = o.train;
  t.widths = cli::numbers_from_text(o.widths, "--widths");
  const bool perceptual_given = program.app().count("--perceptual") > 0;
  check_objective(o, perceptual_given);
  if (t.objective == "perceptual" && !perceptual_given) t.perceptual = 0.3;
  t.overwrite = program.standard().overwrite();
  std::vector<fs::path> inputs{o.manifest, t.init};
  for (const std::string& bank : o.banks) inputs.push_back(t.banks.emplace_back(bank));
  for (const std::string& encoder : o.encoders) inputs.push_back(t.encoders.emplace_back(cli::encoder_path(encoder)));
  cli::check_training_outputs(inputs, t.output, t.log, t.restart, t.overwrite);
  const Manifest manifest = read_manifest(o.manifest);
  manifest.split("train");
  Provenance provenance = program.provenance();
  if (o.manifest != "-") provenance.add_source(o.manifest);
  const bool finished = net::network().train_generator(manifest, t, cli::compute_of(program), provenance);
  return cli::exit_of(finished);
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-drift-train",
                       "Train a one-step generator: regression, then attraction-repulsion drift in a feature bank.");
  Options options;
  declare_training(program.app(), options);
  declare_drift(program.app(), options.train);
  program.set_run(cli::has_output | cli::has_seed | cli::has_device, [&] { return run(program, options); });
  return program.main(argc, argv);
}
