// gdm-featbank: the multi-level bank of real features that the drift is pulled towards.
#include <fmt/format.h>

#include "cli/run.hpp"
#include "io/safetensors.hpp"
#include "sys/error.hpp"

namespace {

using namespace gdm;

void declare_build(CLI::App& command, std::string& manifest, net::BankOptions& o) {
  command.add_option("manifest", manifest, "Cases with CT targets (the train split is used); - is stdin")
      ->required()
      ->type_name("MANIFEST");
  command.add_option("--encoder", o.encoder, "Frozen encoder")->required()->type_name("FILE|NAME");
  command.add_option("-o,--output", o.output, "Bank to write")
      ->required()
      ->check(CLI::Validator(cli::check_safetensors_name, "", ""))
      ->type_name("FILE.safetensors");
  command.add_option("--window", o.window, "Window edge in voxels; at most the training window")
      ->check(cli::range(16, 256));
  command.add_option("--windows-per-case", o.windows_per_case, "Random windows of each case")
      ->check(cli::range(1, 4096));
  command
      .add_option("--tokens-per-window", o.tokens_per_window, "Local and spatial vectors kept of each window and map")
      ->check(cli::range(1, 64));
}

int run_build(const cli::Program& program, const std::string& manifest_path, net::BankOptions& o) {
  if (o.window % 8 != 0) throw Error(fmt::format("--window {} is not a multiple of 8", o.window), Exit::usage);
  o.overwrite = program.standard().overwrite();
  o.encoder = cli::encoder_path(o.encoder.string());
  cli::refuse_inputs_as_outputs({manifest_path, o.encoder}, {o.output});
  check_writable(o.output, o.overwrite);
  const Manifest manifest = read_manifest(manifest_path);
  manifest.split("train");
  Provenance provenance = program.provenance();
  if (manifest_path != "-") provenance.add_source(manifest_path);
  const bool finished = net::network().build_bank(manifest, o, cli::compute_of(program), provenance);
  return cli::exit_of(finished);
}

int run_info(const cli::Program& program, const std::string& path) {
  const SafetensorsFile file(path);
  file.require_kind("bank");
  Json info = file.description();
  info["sha256"] = file.payload_sha256();
  if (program.standard().json) {
    write_stdout(info.dump(1) + "\n");
    return 0;
  }
  const Json& encoder = info.at("encoder_file");
  std::string text = fmt::format(
      "encoder   {} (digest {:.16})\npatients  {}, {} windows of {}^3 voxels each, split {}\nsha256    {}\n\n"
      "{:<20} {:>9} {:>9} {:>15}\n",
      encoder.value("training", Json::object()).value("task", "imported"), info.value("encoder_digest", ""),
      info.at("patients").size(), info.at("windows_per_case").get<int>(), info.at("window_voxels").get<int>(),
      info.value("split", "?"), file.payload_sha256(), "key", "vectors", "channels", "mean distance");
  for (const auto& [key, level] : info.at("keys").items()) {
    text += fmt::format("{:<20} {:>9} {:>9} {:>15.4f}\n", key, level.at("count").get<std::int64_t>(),
                        level.at("channels").get<std::int64_t>(), level.at("mean_distance").get<double>());
  }
  write_stdout(text);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-featbank", "Build and inspect banks of real features.");
  std::string manifest, path;
  net::BankOptions options;
  declare_build(program.command("build", "Collect features of the train split at global, local and spatial level",
                                cli::has_output | cli::has_seed | cli::has_device,
                                [&] { return run_build(program, manifest, options); }),
                manifest, options);
  program.command("info", "Describe a bank", cli::has_json, [&] { return run_info(program, path); })
      .add_option("bank", path, "Bank file")
      ->required()
      ->type_name("FILE");
  return program.main(argc, argv);
}
