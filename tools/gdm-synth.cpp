// gdm-synth: one network evaluation per patch from the condition volumes to a CT, on the input's grid.
#include <unistd.h>

#include "cli/synthesis.hpp"
#include "sys/error.hpp"

namespace {

using namespace gdm;

struct Options {
  std::string manifest;
  fs::path output;
  std::int64_t samples = 1;
  cli::SynthesisOptions synthesis;
  cli::BatchOptions batch;
};

void declare(CLI::App& app, Options& o) {
  app.add_option("manifest", o.manifest, "Cases with the inputs that the model was trained on; - is stdin")
      ->required()
      ->type_name("MANIFEST");
  app.add_option("-o,--output", o.output, "Folder for ID_pred.nii.gz and manifest.json")->required()->type_name("DIR");
  cli::add_synthesis_options(app, o.synthesis);
  app.add_option("--samples", o.samples, "Draws of each case, ID_s1 and so on, with a model that has noise channels")
      ->transform(cli::range(1, 10000));
  cli::add_batch_options(app, o.batch);
  cli::add_resume_option(app, o.batch);
}

int run(const cli::Program& program, Options& o) {
  Manifest manifest = read_manifest(o.manifest);
  cli::repeat_cases(manifest, o.samples);
  cli::Batch batch(manifest, o.batch);
  const fs::path manifest_path = batch.manifest_path(o.output);
  const Overwrite overwrite = o.batch.overwrite(program.standard().overwrite());
  o.synthesis.replace = o.batch.resume;
  const auto output_of = [&](const Case& item) { return cli::prediction_path(o.output, item); };
  batch.refuse_outputs_that_are_read(
      {{o.manifest, o.synthesis.model, o.synthesis.bank, program.config_file()}, {&manifest}}, o.output, output_of);
  if (fs::exists(o.output)) check_writable(manifest_path, overwrite);
  Provenance provenance = program.provenance();
  if (o.manifest != "-") provenance.add_source(o.manifest);
  cli::Synthesis synthesis(program, o.synthesis, provenance);
  if (o.samples > 1 && synthesis.noise_channels() == 0) {
    throw Error(o.synthesis.model.string() + ": has no noise channels, all --samples would be equal", Exit::usage);
  }
  for (const Case& item : batch.cases()) {
    if (item.error || o.batch.keep_going) continue;
    with_context("case '" + item.id + "'", [&] { synthesis.check(item, output_of(item)); });
  }
  if (program.standard().dry_run) {
    write_stdout(synthesis.plan(batch.cases(), o.output));
    return 0;
  }
  make_folder(o.output);
  const std::size_t failed = batch.run("synthesis", [&](Case& item) {
    const fs::path output = output_of(item);
    synthesis.check(item, output);
    if (!batch.keeps(output, [&] { return synthesis.case_recipe(item); })) synthesis.run(item, output);
    item.prediction = output;
  });
  manifest.cases = batch.cases();
  manifest.provenance = provenance.json();
  manifest.provenance["options"] = synthesis.options_json();
  write_manifest(manifest_path, manifest, overwrite);
  if (isatty(STDOUT_FILENO) == 0) write_manifest("-", manifest, overwrite);
  return static_cast<int>(failed > 0 ? Exit::partial : Exit::ok);
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-synth", "Synthesise a CT from each case's inputs: one network evaluation per patch.");
  Options options;
  declare(program.app(), options);
  program.app().footer(
      "Examples:\n"
      "  gdm-synth cases/manifest.json --model model.safetensors -o out --split test\n"
      "  gdm-synth cases/manifest.json --model model.safetensors -o out --shard 1/4 --resume");
  program.set_run(cli::has_output | cli::has_seed | cli::has_device | cli::has_dry_run | cli::has_volumes,
                  [&] { return run(program, options); });
  return program.main(argc, argv);
}
