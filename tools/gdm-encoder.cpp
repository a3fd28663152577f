// gdm-encoder: trains or imports the frozen networks in whose features the drift lives, and describes them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "cli/run.hpp"
#include "io/safetensors.hpp"
#include "sys/error.hpp"

namespace {

using namespace gdm;

struct Pretrain {
  std::string manifest, widths = "16,32,64,128";
  net::PretrainOptions options;
};

void declare_pretrain(CLI::App& command, Pretrain& o) {
  command.add_option("manifest", o.manifest, "Cases with CT targets (the train split is used); - is stdin")
      ->required()
      ->type_name("MANIFEST");
  command.add_option("-o,--output", o.options.output, "Encoder to write")
      ->required()
      ->check(CLI::Validator(cli::check_safetensors_name, "", ""))
      ->type_name("FILE.safetensors");
  command
      .add_option("--task", o.options.task, "masked: restore hidden cubes; segment: tissue classes of randomised CT")
      ->check(CLI::IsMember({"masked", "segment"}));
  command.add_option("--stem", o.options.stem, "First layer: 2x2x2 blocks to channels, or an overlapping convolution")
      ->check(CLI::IsMember({"space-to-depth", "conv"}));
  command.add_option("--widths", o.widths, "Channels of the stages (strides 2, 4, 8, ...)")
      ->check(CLI::Validator(cli::check_numbers, "", "numbers"))
      ->type_name("N,N,...");
  command.add_option("--steps", o.options.steps, "Optimiser steps")->check(cli::range(1, 100000000));
  command.add_option("--batch", o.options.batch, "Windows in a step")->check(cli::range(1, 1024));
  command.add_option("--window", o.options.window, "Window edge in voxels")->check(cli::range(16, 256));
  command.add_option("--learning-rate", o.options.learning_rate, "Peak learning rate")->check(cli::range(1e-8, 1.0));
  command.add_option("--mask-ratio", o.options.mask_ratio, "Part of the window that is hidden (masked)")
      ->check(cli::range(0.05, 0.95));
  command.add_option("--mask-cube", o.options.mask_cube, "Edge of the hidden cubes in voxels (masked)")
      ->check(cli::range(1, 64));
}

int run_pretrain(const cli::Program& program, Pretrain& o) {
  o.options.widths = cli::numbers_from_text(o.widths, "--widths");
  const auto multiple = std::int64_t{1} << o.options.widths.size();
  if (o.options.window % multiple != 0) {
    throw Error(fmt::format("--window {} is not a multiple of {}, which {} stages need", o.options.window, multiple,
                            o.options.widths.size()),
                Exit::usage);
  }
  o.options.overwrite = program.standard().overwrite();
  cli::refuse_inputs_as_outputs({o.manifest}, {o.options.output});
  check_writable(o.options.output, o.options.overwrite);
  const Manifest manifest = read_manifest(o.manifest);
  manifest.split("train");
  Provenance provenance = program.provenance();
  if (o.manifest != "-") provenance.add_source(o.manifest);
  return cli::exit_of(net::network().pretrain_encoder(manifest, o.options, cli::compute_of(program), provenance));
}

struct Import {
  std::string manifest;
  bool torchscript = false;
  net::ImportOptions options;
};

void declare_import(CLI::App& command, Import& o) {
  command.add_option("network", o.options.source, "Weights as safetensors, or a TorchScript network")
      ->required()
      ->type_name("FILE");
  command.add_option("-o,--output", o.options.output, "Encoder to write")
      ->required()
      ->check(CLI::Validator(cli::check_safetensors_name, "", ""))
      ->type_name("FILE.safetensors");
  command.add_option("--layers", o.options.layers, "Layers, taps and input of the network, see gdm-encoder-layers(7)")
      ->type_name("FILE.json");
  command.add_flag("--torchscript", o.torchscript, "The network is TorchScript that returns its maps");
  command.add_option("--input", o.options.input, "Input of a TorchScript network, see gdm-encoder-layers(7)")
      ->type_name("FILE.json");
  command.add_option("--statistics", o.manifest, "Standardise the features by their statistics on these CT targets")
      ->type_name("MANIFEST");
  command.add_option("--split", o.options.split, "Split that --statistics uses")
      ->check(CLI::IsMember({"train", "val", "test"}));
  command.add_option("--windows-per-case", o.options.windows_per_case, "Random windows of each case for --statistics")
      ->check(cli::range(1, 100000));
  command.add_option("--window", o.options.window, "Window edge in voxels for --statistics")
      ->check(cli::range(16, 256));
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
  cli::refuse_inputs_as_outputs({o.options.source, o.options.layers, o.options.input, o.manifest}, {o.options.output});
  check_writable(o.options.output, o.options.overwrite);
  Provenance provenance = program.provenance();
  Manifest manifest;
  if (!o.manifest.empty()) {
    manifest = read_manifest(o.manifest);
    manifest.split(o.options.split);
    if (o.manifest != "-") provenance.add_source(o.manifest);
  }
  return cli::exit_of(net::network().import_encoder(o.manifest.empty() ? nullptr : &manifest, o.options,
                                                    cli::compute_of(program), provenance));
}

/// Kinds of norm layers, nested ones included.
void collect_norms(const Json& layers, std::set<std::string>& kinds) {
  for (const Json& layer : layers) {
    if (layer.value("type", "") == "norm") kinds.insert(layer.value("kind", ""));
    for (const char* branch : {"body", "shortcut"}) {
      if (layer.contains(branch)) collect_norms(layer.at(branch), kinds);
    }
  }
}

std::string norms_of(const Json& encoder) {
  const std::string architecture = encoder.value("architecture", "");
  if (architecture == "residual-cnn3d") return "group";
  if (architecture != "layers") return "unknown";
  std::set<std::string> kinds;
  collect_norms(encoder.at("layers"), kinds);
  return kinds.empty() ? "none" : fmt::format("{}", fmt::join(kinds, ", "));
}

/// Trained values: neither a script's bytes nor the statistics of the taps.
std::int64_t parameters_of(const SafetensorsFile& file) {
  std::int64_t parameters = 0;
  for (const auto& [name, view] : file.tensors()) {
    if (view.dtype != "F32" || name.rfind("mean_", 0) == 0 || name.rfind("deviation_", 0) == 0) continue;
    parameters += static_cast<std::int64_t>(view.bytes / dtype_bytes(view.dtype));
  }
  return parameters;
}

std::string input_line(const Json& input) {
  std::string text = input.value("scaling", "hu");
  if (input.contains("hu_range")) {
    text = fmt::format("{} to {} HU", input.at("hu_range").at(0).dump(), input.at("hu_range").at(1).dump());
  }
  const Json units = input.value("units", Json{-1.0, 1.0}), edges = input.value("spacing_mm", Json{0.0, 0.0});
  text += fmt::format(" become {} to {}", units.at(0).dump(), units.at(1).dump());
  if (edges.at(1) > 0) text += fmt::format(", voxels of {} to {} mm", edges.at(0).dump(), edges.at(1).dump());
  return text + ", axes " + input.value("axes", "any");
}

std::string taps_table(const Json& taps) {
  std::string text = fmt::format("\n{:<20} {:>8} {:>7} {:>15}\n", "tap", "channels", "stride", "receptive field");
  for (const Json& tap : taps) {
    const auto field = tap.at("receptive_field").get<std::int64_t>();
    text += fmt::format("{:<20} {:>8} {:>7} {:>15}\n", tap.at("name").get<std::string>(),
                        tap.at("channels").get<std::int64_t>(), tap.at("stride").get<std::int64_t>(),
                        field > 0 ? std::to_string(field) : "unknown");
  }
  return text;
}

std::string info_text(const Json& info) {
  const Json& encoder = info.at("encoder");
  std::string text = fmt::format("architecture   {}\ninput          {}\nnormalisation  {} in the layers, features {}\n",
                                 encoder.value("architecture", ""), input_line(encoder.at("input")),
                                 info.at("norms").get<std::string>(),
                                 encoder.value("statistics", false) ? "standardised" : "as they come");
  const auto parameters = info.at("parameters").get<std::int64_t>();
  text += fmt::format("parameters     {}\n", parameters > 0 ? std::to_string(parameters) : "unknown");
  const Json card = info.value("card", Json::object());
  for (const auto& [key, value] : card.items()) {
    text += fmt::format("{:<14} {}\n", key, value.get<std::string>());
  }
  for (const char* key : {"training", "statistics"}) {
    if (info.contains(key)) text += fmt::format("{:<14} {}\n", key, info.at(key).dump());
  }
  text += fmt::format("weights        {}\nsha256         {}\n", info.value("encoder_digest", "not recorded"),
                      info.at("sha256").get<std::string>());
  return encoder.contains("taps") ? text + taps_table(encoder.at("taps")) : text;
}

int run_info(const cli::Program& program, const std::string& path) {
  const SafetensorsFile file(path);
  file.require_kind("encoder");
  Json info = file.description();
  with_context(path, [&] {
    try {
      info["norms"] = norms_of(info.at("encoder"));
      info["parameters"] = parameters_of(file);
      info["sha256"] = file.payload_sha256();
      write_stdout(program.standard().json ? info.dump(1) + "\n" : info_text(info));
    } catch (const nlohmann::json::exception& error) {
      throw Error(std::string("incomplete encoder description: ") + error.what());
    }
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-encoder", "Train, import and inspect the frozen encoders of gdm.");
  Pretrain pretrain;
  declare_pretrain(program.command("pretrain", "Train an encoder on the CT targets of a manifest's train split",
                                   cli::has_output | cli::has_seed | cli::has_device,
                                   [&] { return run_pretrain(program, pretrain); }),
                   pretrain);
  Import foreign;
  declare_import(
      program.command("import", "Make an encoder file from a network that others trained",
                      cli::has_output | cli::has_seed | cli::has_device, [&] { return run_import(program, foreign); }),
      foreign);
  std::string path;
  program.command("info", "Describe an encoder file", cli::has_json, [&] { return run_info(program, path); })
      .add_option("encoder", path, "Encoder file")
      ->required()
      ->type_name("FILE");
  return program.main(argc, argv);
}
