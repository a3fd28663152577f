// gdm-synth: from the condition volumes to a CT by a trained network, patch by patch, on the input's grid. Works on one
// volume or on every case of a manifest.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

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
  fs::path output, spread, bank_map;
  std::int64_t samples = 1;
  cli::SynthesisOptions synthesis;
  cli::BatchOptions batch;
};

/// The outputs that are asked for, by their options: files of one volume, folders of a manifest.
std::vector<std::pair<const char*, fs::path>> outputs_of(const Options& o) {
  std::vector<std::pair<const char*, fs::path>> outputs{{"-o", o.output}};
  if (!o.spread.empty()) outputs.emplace_back("--spread", o.spread);
  if (!o.bank_map.empty()) outputs.emplace_back("--bank-map", o.bank_map);
  return outputs;
}

void declare(CLI::App& app, Options& o) {
  app.add_option("input", o.single.volume, "Manifest (.json, .jsonl) of cases, or the one input volume; - is stdin")
      ->type_name("MANIFEST|FILE|-");
  app.add_option("-o,--output", o.output,
                 "The CT of one volume, - is stdout; or the folder for ID_pred.nii.gz and manifest.json")
      ->required()
      ->type_name("FILE|DIR|-");
  cli::add_single_options(app, o.single);
  cli::add_synthesis_options(app, o.synthesis);
  app.add_option("--samples", o.samples,
                 "Draws of a model with noise channels: cases ID_s1 and so on, or with --spread the mean of them")
      ->transform(cli::range(1, 10000));
  app.add_flag("--flips", o.synthesis.ensemble.flips, "The mean with what the volume mirrored left to right gives");
  app.add_option("--shifts", o.synthesis.ensemble.shifts,
                 "The mean with so many predictions whose patches lie elsewhere")
      ->transform(cli::range(0, 100));
  app.add_option(
         "--spread", o.spread,
         "Standard deviation in HU of what the CT is the mean of; of a manifest the folder for ID_spread.nii.gz")
      ->type_name("FILE|DIR");
  app.add_option(
         "--bank-map", o.bank_map,
         "How far each place of the CT lies from --bank, in medians of its own patches; of a manifest the folder "
         "for ID_bank.nii.gz")
      ->type_name("FILE|DIR");
  cli::add_batch_options(app, o.batch);
  cli::add_resume_option(app, o.batch);
}

/// Of one volume. Nothing that is read may be replaced, and what is not asked to be replaced is not.
void check_outputs(const Options& o, const std::vector<fs::path>& reads, Overwrite overwrite) {
  cli::refuse_batch_options(o.batch);
  std::vector<fs::path> outputs;
  std::int64_t streams = 0;
  for (const auto& [option, path] : outputs_of(o)) {
    if (path == "-" && ++streams > 1) {
      throw Error("standard output can be one of -o, --spread and --bank-map", Exit::usage);
    }
    if (!cli::is_volume_name(path)) {
      throw Error(fmt::format("{}: '{}' is not a NIfTI name (.nii.gz, .nii)", option, path.string()), Exit::usage);
    }
    cli::add_volume(outputs, path);
  }
  cli::refuse_outputs_that_are_read({reads, {}}, outputs);
  for (const auto& [option, path] : outputs_of(o)) cli::check_volume_writable(path, overwrite);
}

/// With --spread, draws are no cases: they have a mean.
void choose_draws(Options& o) {
  o.synthesis.replace = o.batch.resume;
  if (!o.spread.empty()) o.synthesis.ensemble.draws = o.samples;
}

void require_spread(const Options& o, const cli::Synthesis& synthesis) {
  if (o.spread.empty() || synthesis.ensemble().members() > 1) return;
  throw Error(
      "--spread needs more than one prediction: --samples of a model with noise channels, another --model, "
      "--flips or --shifts",
      Exit::usage);
}

cli::SynthesisOutputs files_of(const Options& o) {
  return {o.output, o.spread, o.bank_map};
}

int run_single(const cli::Program& program, Options& o) {
  if (o.samples > 1 && o.spread.empty()) {
    throw Error("--samples makes cases of a manifest, and the input is one volume; with --spread it is their mean",
                Exit::usage);
  }
  choose_draws(o);
  const Overwrite overwrite = o.batch.overwrite(program.standard().overwrite());
  Provenance provenance = program.provenance();
  std::vector<fs::path> reads = o.synthesis.ensemble.models;
  reads.insert(reads.end(), {o.single.volume, o.single.mask, o.synthesis.bank, program.config_file()});
  check_outputs(o, reads, overwrite);  // before the models take their time
  cli::Synthesis synthesis(program, o.synthesis, provenance);
  require_spread(o, synthesis);
  const Case item = cli::case_of(o.single, synthesis.wanted_names());
  const std::vector<fs::path> files = cli::files_of(item);
  reads.insert(reads.end(), files.begin(), files.end());
  check_outputs(o, reads, overwrite);
  synthesis.check(item, o.output);
  if (program.standard().dry_run) {
    const bool stream = std::count(files.begin(), files.end(), "-") > 0;
    write_stdout(synthesis.plan() +
                 (stream ? "volume    from a pipe, which is not read\n" : synthesis.plan(item, files_of(o), false)));
  } else if (o.batch.resume && cli::are_made(files_of(o).files(), [&] { return synthesis.case_recipe(item); })) {
    log_info(o.output.string() + ": was finished already");
  } else {
    synthesis.run(item, files_of(o));
  }
  return 0;
}

cli::SynthesisOutputs files_of(const Options& o, const Case& item) {
  cli::SynthesisOutputs files{cli::prediction_path(o.output, item)};
  if (!o.spread.empty()) files.spread = cli::spread_path(o.spread, item);
  if (!o.bank_map.empty()) files.bank_map = cli::bank_map_path(o.bank_map, item);
  return files;
}

/// Of a manifest: folders that can be made, in which nothing lies that the run reads.
void check_folders(const cli::Program& program, const Options& o, const Manifest& manifest, cli::Batch& batch) {
  for (const auto& [option, folder] : outputs_of(o)) check_folder(folder);
  std::vector<fs::path> outputs{batch.manifest_path(o.output)};
  for (const Case& item : batch.cases()) {
    if (item.error) continue;
    for (const fs::path& file : files_of(o, item).files()) cli::add_volume(outputs, file);
  }
  cli::RunInputs inputs{{o.single.volume, o.synthesis.bank, program.config_file()}, {&manifest}};
  inputs.files.insert(inputs.files.end(), o.synthesis.ensemble.models.begin(), o.synthesis.ensemble.models.end());
  cli::refuse_outputs_that_are_read(inputs, outputs);
}

void check_case(const cli::Program& program, const Options& o, cli::Synthesis& synthesis, const Case& item) {
  const cli::SynthesisOutputs outputs = files_of(o, item);
  synthesis.check(item, outputs.ct);
  for (const fs::path& beside : {outputs.spread, outputs.bank_map}) {
    if (!beside.empty() && fs::exists(beside.parent_path())) {
      cli::check_volume_writable(beside, o.batch.overwrite(program.standard().overwrite()));
    }
  }
}

/// The prediction, and the spread as an input, as what programs make beside it.
void enter(const cli::SynthesisOutputs& outputs, const cli::Synthesis& synthesis, Case& item) {
  item.prediction = outputs.ct;
  const std::vector<std::string> names = synthesis.wanted_names();
  if (std::count(names.begin(), names.end(), "spread") > 0) return;
  item.inputs.erase("spread");  // that of another prediction
  if (!outputs.spread.empty()) item.inputs["spread"] = outputs.spread;
}

int run_manifest(const cli::Program& program, Options& o) {
  for (const auto& [option, path] : outputs_of(o)) {
    if (cli::is_volume_name(path)) {
      throw Error(fmt::format("{}: a manifest needs a folder, not '{}'", option, path.string()), Exit::usage);
    }
  }
  choose_draws(o);
  Manifest manifest = read_manifest(o.single.volume);
  if (o.spread.empty()) cli::repeat_cases(manifest, o.samples);
  cli::Batch batch(manifest, o.batch);
  const fs::path manifest_path = batch.manifest_path(o.output);
  const Overwrite overwrite = o.batch.overwrite(program.standard().overwrite());
  check_folders(program, o, manifest, batch);
  if (fs::exists(o.output)) check_writable(manifest_path, overwrite);
  Provenance provenance = program.provenance();
  if (o.single.volume != "-") provenance.add_source(o.single.volume);
  cli::Synthesis synthesis(program, o.synthesis, provenance);
  require_spread(o, synthesis);
  if (o.samples > 1 && synthesis.ensemble().noise_channels() == 0) {
    cli::refuse_equal_draws(synthesis.ensemble().first(), o.synthesis.ensemble.models.front());
  }
  for (const Case& item : batch.cases()) {
    if (item.error || o.batch.keep_going) continue;
    with_context("case '" + item.id + "'", [&] { check_case(program, o, synthesis, item); });
  }
  const bool overlaps = synthesis.overlaps() && batch.cases().size() > 1;
  if (program.standard().dry_run) {
    std::string plan = synthesis.plan();
    bool would_fail = false;
    for (const Case& item : batch.cases()) {
      if (item.error) {
        would_fail = true;
        continue;
      }
      try {
        plan += with_context("case '" + item.id + "'", [&] {
          if (o.batch.keep_going) check_case(program, o, synthesis, item);
          return synthesis.plan(item, files_of(o, item), overlaps);
        });
      } catch (const Error& error) {
        if (!o.batch.keep_going) throw;
        plan += fmt::format("{:<9} would fail: {}\n", item.id, error.what());
        would_fail = true;
      }
    }
    write_stdout(plan);
    return static_cast<int>(would_fail ? Exit::partial : Exit::ok);
  }
  for (const auto& [option, folder] : outputs_of(o)) make_folder(folder);
  const auto read = [&](const Case& item) -> cli::Batch::Computing {
    const cli::SynthesisOutputs outputs = files_of(o, item);
    check_case(program, o, synthesis, item);
    if (batch.keeps(outputs.files(), [&] { return synthesis.case_recipe(item); })) return {};
    return synthesis.read(item, outputs);
  };
  const auto enter_case = [&](Case& item) { enter(files_of(o, item), synthesis, item); };
  const std::size_t failed = batch.run("synthesis", overlaps, read, enter_case);
  manifest.cases = batch.cases();
  manifest.provenance = provenance.json();
  manifest.provenance["options"] = synthesis.options_json();
  write_manifest(manifest_path, manifest, overwrite);
  if (isatty(STDOUT_FILENO) == 0) write_manifest("-", manifest, overwrite);
  return static_cast<int>(failed > 0 ? Exit::partial : Exit::ok);
}

int run(const cli::Program& program, Options& o) {
  if (!o.bank_map.empty() && o.synthesis.bank.empty()) throw Error("--bank-map needs --bank", Exit::usage);
  return cli::is_single(o.single, o.output) ? run_single(program, o) : run_manifest(program, o);
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-synth", "Synthesise CT from other volumes by a trained network.");
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
