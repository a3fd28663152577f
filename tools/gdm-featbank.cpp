// gdm-featbank: the multi-level bank of real features that the drift is pulled towards.
#include <fmt/format.h>

#include <optional>

#include "cli/bank.hpp"
#include "cli/batch.hpp"
#include "cli/option_table.hpp"
#include "cli/outputs.hpp"
#include "cli/run.hpp"
#include "engine/bank_options.hpp"
#include "engine/engine.hpp"
#include "io/nifti/nifti.hpp"
#include "io/safetensors.hpp"
#include "report/bank_plot.hpp"
#include "sys/error.hpp"
#include "sys/signals.hpp"

namespace {

using namespace gdm;

struct Build {
  std::string manifest, shard;
  engine::BankOptions options;
};

struct Merge {
  std::vector<fs::path> shards;
  fs::path output;
};

struct Verify {
  std::string manifest;
  engine::BankVerifyOptions options;
};

struct Query {
  std::vector<fs::path> volumes;
  fs::path bank, mask;
  std::string split = "all", input;
  std::int64_t patches = 0, neighbours = 3;
};

struct Plot {
  fs::path bank, output;
};

CLI::Option* add_bank_output(CLI::App& command, fs::path& output) {
  return command.add_option("-o,--output", output, "Bank to write")
      ->required()
      ->check(cli::ends_in(".safetensors"))
      ->type_name("FILE.safetensors");
}

void declare_build(CLI::App& command, Build& b) {
  command.add_option("manifest", b.manifest, "Cases with CT targets; - is stdin")->required()->type_name("MANIFEST");
  cli::declare(command, engine::bank_options(), b.options);
  cli::add_shard_option(command, b.shard);
}

int run_build(const cli::Program& program, CLI::App& command, Build& b) {
  engine::BankOptions& o = b.options;
  if (o.patch % 8 != 0) throw Error(fmt::format("--patch {} is not a multiple of 8", o.patch), Exit::usage);
  cli::derive_defaults(command, engine::bank_options(), o);
  if (!o.training_patch.holds(o.patch)) {
    throw Error(fmt::format("--training-patch {} is smaller than --patch {}", o.training_patch.text(), o.patch),
                Exit::usage);
  }
  if (!b.shard.empty()) {
    const cli::Shard shard = with_context("--shard", [&] { return cli::parse_shard(b.shard); });
    o.shard = static_cast<std::int64_t>(shard.number);
    o.shards = static_cast<std::int64_t>(shard.count);
  }
  o.overwrite = program.standard().overwrite();
  o.encoder = cli::encoder_path(o.encoder.string());
  const Manifest manifest = read_manifest(b.manifest);
  manifest.split(o.split);
  cli::refuse_outputs_that_are_read({{b.manifest, o.encoder, program.config_file()}, {&manifest}}, {o.output});
  check_writable(o.output, o.overwrite);
  Provenance provenance = program.provenance();
  if (b.manifest != "-") provenance.add_source(b.manifest);
  engine::services().build_bank(manifest, o, cli::compute_of(program), provenance);
  return 0;
}

int run_merge(const cli::Program& program, const Merge& m) {
  cli::refuse_outputs_that_are_read({m.shards, {}}, {m.output});
  check_writable(m.output, program.standard().overwrite());
  Provenance provenance = program.provenance();
  engine::services().merge_banks(m.shards, m.output, program.standard().overwrite(), cli::compute_of(program),
                                 provenance);
  return 0;
}

int run_info(const cli::Program& program, const fs::path& path) {
  const SafetensorsFile file(path);
  file.require_kind("bank");
  return with_context(path.string(), [&] {
    try {
      Json info = file.description();
      info["sha256"] = file.payload_sha256();
      write_stdout(program.standard().json ? info.dump(1) + "\n" : cli::bank_text(info, file.payload_sha256()));
    } catch (const JsonError& error) {
      throw Error(std::string("incomplete bank description: ") + error.what());
    }
    return 0;
  });
}

void declare_verify(CLI::App& command, Verify& v) {
  command.add_option("bank", v.options.bank, "Bank file")->required()->type_name("FILE");
  command.add_option("--encoder", v.options.encoder, "Encoder that must have made the bank")->type_name("FILE|NAME");
  command.add_option("--manifest", v.manifest, "Manifest that the bank was built from")->type_name("FILE");
  command.add_option("--cases", v.options.cases, "Cases of the manifest whose rows are computed anew")
      ->transform(cli::range(1, 1000000));
}

int run_verify(const cli::Program& program, Verify& v) {
  if (!v.options.encoder.empty()) v.options.encoder = cli::encoder_path(v.options.encoder.string());
  std::optional<Manifest> manifest;
  if (!v.manifest.empty()) manifest = read_manifest(v.manifest);
  Provenance provenance = program.provenance();
  const Json report =
      engine::services().verify_bank(v.options, manifest ? &*manifest : nullptr, cli::compute_of(program), provenance);
  if (program.standard().json) {
    write_stdout(report.dump(1) + "\n");
    return 0;
  }
  std::string text = fmt::format("{}: {} rows of {} keys are whole and as described\n", v.options.bank.string(),
                                 report.at("rows").get<std::int64_t>(), report.at("keys").get<std::int64_t>());
  for (const Json& item : report.value("cases", Json::array())) {
    text += fmt::format("case '{}': {} rows computed anew, largest difference {:.2g} standard deviations\n",
                        item.at("id").get<std::string>(), item.at("rows").get<std::int64_t>(),
                        item.at("largest_difference_in_deviations").get<double>());
  }
  write_stdout(text);
  return 0;
}

void declare_query(CLI::App& command, Query& q) {
  command.add_option("volumes", q.volumes, "CT volumes, or one manifest")->required()->type_name("VOLUME|MANIFEST");
  command.add_option("--bank", q.bank, "Bank file")->required()->type_name("FILE");
  command.add_option("--mask", q.mask, "Body mask of the one volume")->type_name("FILE");
  cli::takes_one_of(command.add_option("--split", q.split, "Only these cases of a manifest"), Manifest::split_names());
  command.add_option("--input", q.input, "This input of a manifest's cases instead of the target")->type_name("NAME");
  command.add_option("--patches", q.patches, "Patches of each volume; 0: as many as the bank took of a case")
      ->transform(cli::range(0, 4096));
  command.add_option("--neighbours", q.neighbours, "Nearest entries and patients that are listed of each level")
      ->transform(cli::range(1, 100));
}

std::vector<Case> cases_of(const Query& q) {
  const bool is_manifest = cli::is_manifest(q.volumes.front());
  if (is_manifest && (q.volumes.size() > 1 || !q.mask.empty())) {
    throw Error("a manifest stands alone, without other volumes and --mask", Exit::usage);
  }
  if (is_manifest) {
    std::vector<Case> cases;
    for (Case& item : read_manifest(q.volumes.front()).split(q.split)) {
      if (!item.error) cases.push_back(std::move(item));
    }
    return cases;
  }
  if (!q.mask.empty() && q.volumes.size() > 1) throw Error("--mask goes with one volume", Exit::usage);
  if (!q.input.empty()) throw Error("--input goes with a manifest", Exit::usage);
  std::vector<Case> cases;
  for (const fs::path& path : q.volumes) {
    Case item;
    item.id = without_nifti_suffix(path).filename().string();
    item.target = path;
    if (!q.mask.empty()) item.mask = q.mask;
    cases.push_back(std::move(item));
  }
  return cases;
}

int run_query(const cli::Program& program, const Query& q) {
  const std::vector<Case> cases = cases_of(q);
  const auto bank = engine::services().open_bank(q.bank, cli::compute_of(program));
  Json report{{"bank_sha256", bank->digest()}, {"queries", Json::array()}};
  std::int64_t right = 0, patches = 0;
  for (const Case& item : cases) {
    throw_if_stop_requested();
    const cli::BankCase subject(item, q.input, *bank, q.patches);
    const Json found =
        with_context("case '" + item.id + "'", [&] { return bank->query(subject.subject(), q.neighbours); });
    right += found.at("axial_stratum").at("right").get<std::int64_t>();
    patches += found.at("axial_stratum").at("patches").get<std::int64_t>();
    report["queries"].push_back(found);
    if (!program.standard().json) write_stdout(cli::query_text(found));
  }
  if (program.standard().json) {
    report["axial_stratum"] = {{"patches", patches}, {"right", right}};
    write_stdout(report.dump(1) + "\n");
  } else if (cases.size() > 1) {
    write_stdout(fmt::format("all: axial position of the nearest patch right in {} of {} patches, {:.1f} %\n", right,
                             patches, 100.0 * static_cast<double>(right) / static_cast<double>(patches)));
  }
  return 0;
}

int run_plot(const cli::Program& program, const Plot& p) {
  cli::refuse_outputs_that_are_read({{p.bank}, {}}, {p.output});
  check_writable(p.output, program.standard().overwrite());
  const auto bank = engine::services().open_bank(p.bank, cli::compute_of(program));
  write_png(p.output, report::bank_plot(bank->picture()), program.standard().overwrite());
  return 0;
}

CLI::Option* add_bank(CLI::App& command, fs::path& path) {
  return command.add_option("bank", path, "Bank file")->required()->type_name("FILE");
}

/// Below --help.
void add_examples(CLI::App& app) {
  app.footer("Example:\n  gdm-featbank build cases/manifest.json --encoder scattering-ct -o bank.safetensors");
  const std::pair<const char*, const char*> examples[] = {
      {"build", "build cases/manifest.json --encoder scattering-ct -o bank.safetensors"},
      {"merge", "merge part1.safetensors part2.safetensors -o bank.safetensors"},
      {"info", "info bank.safetensors"},
      {"verify", "verify bank.safetensors --manifest cases/manifest.json"},
      {"query", "query scan.nii.gz --bank bank.safetensors"},
      {"plot", "plot bank.safetensors -o bank.png"}};
  for (const auto& [command, example] : examples) {
    app.get_subcommand(command)->footer(fmt::format("Example:\n  gdm-featbank {}", example));
  }
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-featbank", "Build and inspect banks of real features.");
  Build build;
  Merge merge;
  Verify verify;
  Query query;
  Plot plot;
  fs::path info;
  CLI::App* builder = nullptr;
  builder = &program.command("build", "Collect features at global, local and spatial level",
                             cli::has_output | cli::has_seed | cli::has_device | cli::has_volumes,
                             [&] { return run_build(program, *builder, build); });
  declare_build(*builder, build);
  CLI::App& merger = program.command("merge", "Make a bank of the shards of one build", cli::has_output,
                                     [&] { return run_merge(program, merge); });
  merger.add_option("shards", merge.shards, "All shards, in any order")->required()->type_name("SHARD");
  add_bank_output(merger, merge.output);
  add_bank(program.command("info", "Describe a bank", cli::has_json, [&] { return run_info(program, info); }), info);
  declare_verify(
      program.command("verify", "Check a bank, also against rows computed anew",
                      cli::has_json | cli::has_device | cli::has_volumes, [&] { return run_verify(program, verify); }),
      verify);
  declare_query(
      program.command("query", "Nearest entries of volumes and how far they lie from the bank",
                      cli::has_json | cli::has_device | cli::has_volumes, [&] { return run_query(program, query); }),
      query);
  CLI::App& plotter = program.command("plot", "Draw a bank: principal axes and distances", cli::has_output,
                                      [&] { return run_plot(program, plot); });
  add_bank(plotter, plot.bank);
  plotter.add_option("-o,--output", plot.output, "Picture to write")
      ->required()
      ->check(cli::picture_name())
      ->type_name("FILE.png");
  add_examples(program.app());
  return program.main(argc, argv);
}
