// gdm-synth: one network evaluation per patch from the condition volumes to a CT, on the input's grid. Works on one
// volume or on every case of a manifest.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/new_set.hpp"
#include "cli/resume.hpp"
#include "cli/single_case.hpp"
#include "cli/synthesis.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace {

using namespace gdm;

struct Options {
  cli::SingleCase single;  ///< its volume is the manifest where it is one
  fs::path output;
  std::int64_t samples = 1;
  cli::SynthesisOptions synthesis;
  cli::BatchOptions batch;
};

void declare(CLI::App& app, Options& o) {
  app.add_option("input", o.single.volume, "Manifest (.json, .jsonl) of cases, or the one input volume; - is stdin")
      ->type_name("MANIFEST|FILE|-");
  app.add_option("-o,--output", o.output,
                 "The CT of one volume, - is stdout; or the folder for ID_pred.nii.gz and manifest.json")
      ->required()
      ->type_name("FILE|DIR|-");
  cli::add_single_options(app, o.single);
  cli::add_synthesis_options(app, o.synthesis);
  app.add_option("--samples", o.samples, "Draws of each case, ID_s1 and so on, with a model that has noise channels")
      ->transform(cli::range(1, 10000));
  cli::add_batch_options(app, o.batch);
  cli::add_resume_option(app, o.batch);
}

int run_single(const cli::Program& program, Options& o) {
  if (o.samples > 1) throw Error("--samples makes cases of a manifest, and the input is one volume", Exit::usage);
  o.synthesis.replace = o.batch.resume;
  Provenance provenance = program.provenance();
  std::vector<fs::path> reads{o.synthesis.model, o.synthesis.bank, program.config_file(), o.single.mask};
  const auto check_output = [&] {
    cli::check_single({o.single.volume, o.output, o.batch}, reads, o.batch.overwrite(program.standard().overwrite()));
  };
  check_output();  // before the model takes its time
  cli::Synthesis synthesis(program, o.synthesis, provenance);
  const Case item = cli::case_of(o.single, synthesis.wanted_names());
  const std::vector<fs::path> files = cli::files_of(item);
  reads.insert(reads.end(), files.begin(), files.end());
  check_output();
  synthesis.check(item, o.output);
  if (program.standard().dry_run) {
    const bool stream = std::count(files.begin(), files.end(), "-") > 0;
    write_stdout(synthesis.plan() + (stream ? "" : synthesis.plan(item, o.output)));
  } else if (o.batch.resume && cli::why_not_made(o.output, synthesis.case_recipe(item)).empty()) {
    log_info(o.output.string() + ": was finished already");
  } else {
    synthesis.run(item, o.output);
  }
  return 0;
}

int run_manifest(const cli::Program& program, Options& o) {
  if (cli::is_volume_name(o.output)) {
    throw Error(fmt::format("-o: a manifest needs a folder, not '{}'", o.output.string()), Exit::usage);
  }
  const std::string& source = o.single.volume;
  Manifest manifest = read_manifest(source);
  cli::repeat_cases(manifest, o.samples);
  cli::Batch batch(manifest, o.batch);
  const fs::path manifest_path = batch.manifest_path(o.output);
  const Overwrite overwrite = o.batch.overwrite(program.standard().overwrite());
  o.synthesis.replace = o.batch.resume;
  const auto output_of = [&](const Case& item) { return cli::prediction_path(o.output, item); };
  batch.refuse_outputs_that_are_read(
      {{source, o.synthesis.model, o.synthesis.bank, program.config_file()}, {&manifest}}, o.output, output_of);
  if (fs::exists(o.output)) check_writable(manifest_path, overwrite);
  Provenance provenance = program.provenance();
  if (source != "-") provenance.add_source(source);
  cli::Synthesis synthesis(program, o.synthesis, provenance);
  if (o.samples > 1 && synthesis.noise_channels() == 0) {
    throw Error(o.synthesis.model.string() + ": has no noise channels, all --samples would be equal", Exit::usage);
  }
  for (const Case& item : batch.cases()) {
    if (item.error || o.batch.keep_going) continue;
    with_context("case '" + item.id + "'", [&] { synthesis.check(item, output_of(item)); });
  }
  if (program.standard().dry_run) {
    std::string plan = synthesis.plan();
    for (const Case& item : batch.cases()) {
      if (item.error) continue;
      plan += with_context("case '" + item.id + "'", [&] { return synthesis.plan(item, output_of(item)); });
    }
    write_stdout(plan);
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

int run(const cli::Program& program, Options& o) {
  return cli::is_single(o.single, o.output) ? run_single(program, o) : run_manifest(program, o);
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-synth", "Synthesise CT from other volumes: one network evaluation per patch.");
  Options options;
  declare(program.app(), options);
  program.app().footer(
      "Examples:\n"
      "  gdm-synth mr.nii.gz --model model.safetensors -o ct.nii.gz\n"
      "  gdm-synth cases/manifest.json --model model.safetensors -o out --split test\n"
      "  gdm-synth cases/manifest.json --model model.safetensors -o out --shard 1/4 --resume");
  program.set_run(cli::has_output | cli::has_seed | cli::has_device | cli::has_dry_run | cli::has_volumes,
                  [&] { return run(program, options); });
  return program.main(argc, argv);
}
