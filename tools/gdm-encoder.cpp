// gdm-encoder: trains or imports the frozen networks in whose features the drift lives, and describes them.
#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "cli/option_table.hpp"
#include "cli/run.hpp"
#include "cli/training_outputs.hpp"
#include "engine/engine.hpp"
#include "engine/pretrain_options.hpp"
#include "io/json.hpp"
#include "io/safetensors.hpp"
#include "model/encoder_text.hpp"
#include "sys/error.hpp"
#include "sys/share.hpp"

namespace {

using namespace gdm;

struct Pretrain {
  std::string manifest;
  engine::PretrainOptions options;
};

struct Scattering {
  std::string manifest, card;
  std::vector<std::string> ranges{"-1024,3071", "-200,300"};
  engine::ScatteringOptions options;
};

struct Probe {
  std::string encoder, manifest;
  engine::ProbeOptions options;
};

constexpr std::size_t largest_text_bytes = 1 << 20;

void declare_pretrain(CLI::App& command, Pretrain& o) {
  command.add_option("manifest", o.manifest, "Cases to train on (the train split is used); - is stdin")
      ->required()
      ->type_name("MANIFEST");
  cli::declare(command, engine::pretrain_options(), o.options);
}

void declare_probe(CLI::App& command, Probe& o) {
  command.add_option("encoder", o.encoder, "Encoder file, or the name of one that gdm comes with")
      ->required()
      ->type_name("ENCODER");
  command.add_option("manifest", o.manifest, "Cases to look at; - is stdin")->required()->type_name("MANIFEST");
  cli::takes_one_of(command.add_option("--split", o.options.split, "Cases to use: train, val, test or all"),
                    Manifest::split_names());
  command.add_option("--volumes", o.options.volumes, "target, or the name of an input; auto: target, else labels")
      ->type_name("auto|target|NAME");
  command.add_option("--patch", o.options.patch, "Patch edge in voxels")->transform(cli::range(16, 256));
  command.add_option("--patches-per-patient", o.options.patches_per_patient, "Most patches of each patient")
      ->transform(cli::range(1, 1024));
}

void check_sizes(const engine::PretrainOptions& o) {
  const auto multiple = std::int64_t{1} << o.widths.size();
  if (o.patch % multiple != 0) {
    throw Error(
        fmt::format("--patch {} is not a multiple of {}, which {} stages need", o.patch, multiple, o.widths.size()),
        Exit::usage);
  }
  if (o.task == "masked" && o.mask_cube > o.patch) {
    throw Error(fmt::format("--mask-cube {} is larger than --patch {}", o.mask_cube, o.patch), Exit::usage);
  }
}

Json classes_from_file(const std::string& name) {
  const std::filesystem::path path = shared_file(name, "classes", ".json");
  const std::string text = read_file(path, largest_text_bytes);
  return with_context(path.string(), [&] { return parse_json(text); });
}

int run_pretrain(const cli::Program& program, Pretrain& o) {
  engine::PretrainOptions& options = o.options;
  check_sizes(options);
  options.overwrite = program.standard().overwrite();
  const Manifest manifest = read_manifest(o.manifest);
  manifest.split("train");
  cli::TrainingFiles files{options.output, options.log, {}};
  const cli::TrainingOutputs outputs(
      {{o.manifest, options.classes_file, options.card_file, program.config_file()}, {&manifest}}, files,
      options.overwrite);
  options.log = files.log;
  if (!options.classes_file.empty()) options.classes = classes_from_file(options.classes_file.string());
  options.card = cli::card_text(options.card_file);
  Provenance provenance = program.provenance();
  if (o.manifest != "-") provenance.add_source(o.manifest);
  return cli::exit_of(engine::services().pretrain_encoder(manifest, options, cli::compute_of(program), provenance));
}

int run_probe(const cli::Program& program, Probe& o) {
  o.options.encoder = cli::encoder_path(o.encoder);
  const Manifest manifest = read_manifest(o.manifest);
  Provenance provenance = program.provenance();
  const Json result = engine::services().probe_encoder(manifest, o.options, cli::compute_of(program), provenance);
  write_stdout(program.standard().json ? result.dump(1) + "\n" : model::probe_text(result) + "\n");
  return 0;
}

struct Import {
  std::string manifest;
  bool torchscript = false;
  engine::ImportOptions options;
};

void declare_statistics(CLI::App& command, std::string& manifest, engine::StatisticsOptions& o) {
  command.add_option("--statistics", manifest, "Standardise the features by their statistics on these CT targets")
      ->type_name("MANIFEST");
  cli::takes_one_of(command.add_option("--split", o.split, "Split that --statistics uses"), {"train", "val", "test"});
  command.add_option("--patches-per-case", o.patches_per_case, "Random patches of each case for --statistics")
      ->transform(cli::range(1, 100000));
  command.add_option("--patch", o.patch, "Patch edge in voxels for --statistics")->transform(cli::range(16, 256));
}

/// The cases of --statistics; empty without.
std::optional<Manifest> statistics_manifest(const std::string& path, const engine::StatisticsOptions& options,
                                            Provenance& provenance) {
  if (path.empty()) return {};
  Manifest manifest = read_manifest(path);
  manifest.split(options.split);
  if (path != "-") provenance.add_source(path);
  return manifest;
}

/// Of an encoder that is not trained. `manifest`: that of --statistics.
void check_output(const std::vector<fs::path>& inputs, const std::optional<Manifest>& manifest, const fs::path& output,
                  Overwrite overwrite) {
  cli::RunInputs read{inputs, {}};
  if (manifest) read.manifests.push_back(&*manifest);
  cli::refuse_outputs_that_are_read(read, {output});
  check_writable(output, overwrite);
}

void declare_import(CLI::App& command, Import& o) {
  command.add_option("network", o.options.source, "Weights as safetensors, or a TorchScript network")
      ->required()
      ->type_name("FILE");
  command.add_option("-o,--output", o.options.output, "Encoder to write")
      ->required()
      ->check(cli::ends_in(".safetensors"))
      ->type_name("FILE.safetensors");
  command.add_option("--layers", o.options.layers, "Layers, taps and input of the network, see gdm-encoder-layers(7)")
      ->type_name("FILE.json");
  command.add_flag("--torchscript", o.torchscript, "The network is TorchScript that returns its maps");
  command.add_option("--input", o.options.input, "Input of a TorchScript network, see gdm-encoder-layers(7)")
      ->type_name("FILE.json");
  declare_statistics(command, o.manifest, o.options.statistics);
}

int run_import(const cli::Program& program, Import& o) {
  if (o.torchscript != o.options.layers.empty() || o.torchscript == o.options.input.empty()) {
    throw Error("needs either --layers FILE.json, or --torchscript with --input FILE.json", Exit::usage);
  }
  if (o.torchscript && !program.standard().allow_code) {
    throw Error(o.options.source.string() + ": a TorchScript encoder runs code of its maker; --allow-code lets it",
                Exit::usage);
  }
  o.options.overwrite = program.standard().overwrite();
  Provenance provenance = program.provenance();
  const auto manifest = statistics_manifest(o.manifest, o.options.statistics, provenance);
  check_output({o.options.source, o.options.layers, o.options.input, o.manifest, program.config_file()}, manifest,
               o.options.output, o.options.overwrite);
  engine::services().import_encoder(manifest ? &*manifest : nullptr, o.options, cli::compute_of(program), provenance);
  return 0;
}

/// "-200,300" -> {-200, 300}
std::array<double, 2> range_from_text(const std::string& text) {
  std::array<double, 2> range{};
  const char* const end = text.data() + text.size();
  const auto low = std::from_chars(text.data(), end, range[0]);
  const bool comma = low.ec == std::errc() && low.ptr != end && *low.ptr == ',';
  const auto high = comma ? std::from_chars(low.ptr + 1, end, range[1]) : low;
  if (!comma || high.ec != std::errc() || high.ptr != end || !(range[0] < range[1]) || range[0] < -2000 ||
      range[1] > 70000) {
    throw Error(fmt::format("--range: '{}' is not a range of HU (-2000 to 70000) such as -200,300", text), Exit::usage);
  }
  return range;
}

void declare_scattering(CLI::App& command, Scattering& o) {
  command.add_option("-o,--output", o.options.output, "Encoder to write")
      ->required()
      ->check(cli::ends_in(".safetensors"))
      ->type_name("FILE.safetensors");
  command.add_option("--range", o.ranges, "HU that filters see, values beyond are clamped; may be repeated")
      ->allow_extra_args(false)
      ->default_str("-1024,3071 and -200,300")
      ->type_name("LOW,HIGH");
  command.add_option("--octaves", o.options.octaves, "Filters see voxels, means over 2^3 voxels, over 4^3")
      ->transform(cli::range(1, 3));
  command.add_option("--card", o.card, "Text for people that the encoder carries")->type_name("FILE.txt");
  declare_statistics(command, o.manifest, o.options.statistics);
}

int run_scattering(const cli::Program& program, Scattering& o) {
  for (const std::string& range : o.ranges) o.options.ranges_hu.push_back(range_from_text(range));
  o.options.overwrite = program.standard().overwrite();
  Provenance provenance = program.provenance();
  const auto manifest = statistics_manifest(o.manifest, o.options.statistics, provenance);
  check_output({o.manifest, o.card, program.config_file()}, manifest, o.options.output, o.options.overwrite);
  o.options.card = cli::card_text(o.card);
  engine::services().make_scattering(manifest ? &*manifest : nullptr, o.options, cli::compute_of(program), provenance);
  return 0;
}

int run_info(const cli::Program& program, const std::string& name) {
  const SafetensorsFile file(cli::encoder_path(name));
  const Json info = model::encoder_info(file);
  write_stdout(program.standard().json ? info.dump(1) + "\n" : model::encoder_text(info));
  return 0;
}

/// Below --help.
void add_examples(CLI::App& app) {
  app.footer("Example:\n  gdm-encoder scattering -o encoder.safetensors --statistics cases/manifest.json");
  const std::pair<const char*, const char*> examples[] = {
      {"pretrain", "pretrain cases/manifest.json -o encoder.safetensors --steps 20000"},
      {"probe", "probe scattering-ct cases/manifest.json --split val"},
      {"import", "import weights.safetensors --layers network.json -o encoder.safetensors"},
      {"scattering", "scattering -o encoder.safetensors --statistics cases/manifest.json"},
      {"info", "info scattering-ct"}};
  for (const auto& [command, example] : examples) {
    app.get_subcommand(command)->footer(fmt::format("Example:\n  gdm-encoder {}", example));
  }
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-encoder", "Train, import, probe and inspect the frozen encoders of gdm.");
  Pretrain pretrain;
  declare_pretrain(program.command("pretrain", "Train an encoder on the train split of a manifest",
                                   cli::has_output | cli::has_seed | cli::has_device | cli::has_volumes,
                                   [&] { return run_pretrain(program, pretrain); }),
                   pretrain);
  Probe probe;
  declare_probe(program.command("probe", "Measure what an encoder's features tell: retrieval and a linear probe",
                                cli::has_seed | cli::has_device | cli::has_json | cli::has_volumes,
                                [&] { return run_probe(program, probe); }),
                probe);
  Import foreign;
  declare_import(program.command("import", "Make an encoder file from a network that others trained",
                                 cli::has_output | cli::has_seed | cli::has_device | cli::has_volumes,
                                 [&] { return run_import(program, foreign); }),
                 foreign);
  Scattering scattering;
  declare_scattering(program.command("scattering", "Make an encoder that needs no training: moduli of fixed filters",
                                     cli::has_output | cli::has_seed | cli::has_device | cli::has_volumes,
                                     [&] { return run_scattering(program, scattering); }),
                     scattering);
  std::string path;
  CLI::App& info =
      program.command("info", "Describe an encoder file", cli::has_json, [&] { return run_info(program, path); });
  info.add_option("encoder", path, "Encoder file, or the name of one that gdm comes with")
      ->required()
      ->type_name("ENCODER");
  add_examples(program.app());
  return program.main(argc, argv);
}
