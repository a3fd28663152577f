// gdm-encoder: trains the frozen networks in whose features the drift lives, and describes them.
#include <fmt/format.h>

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

int run_info(const cli::Program& program, const std::string& path) {
  const SafetensorsFile file(path);
  file.require_kind("encoder");
  std::int64_t parameters = 0;
  for (const auto& [name, view] : file.tensors()) {
    parameters += static_cast<std::int64_t>(8 * view.bytes / dtype_bits(view.dtype));
  }
  Json info = file.description();
  info["parameters"] = parameters;
  info["sha256"] = file.payload_sha256();
  if (program.standard().json) {
    write_stdout(info.dump(1) + "\n");
    return 0;
  }
  const Json& encoder = info.at("encoder");
  write_stdout(fmt::format(
      "architecture  {}, stem {}\nwidths        {}\ninput         {}\nparameters    {}\n"
      "training      {}\nsha256        {}\n",
      encoder.value("architecture", ""), encoder.value("stem", ""), encoder.at("widths").dump(),
      encoder.at("input").dump(), parameters, info.value("training", Json::object()).dump(), file.payload_sha256()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-encoder", "Train and inspect the frozen encoders of gdm.");
  Pretrain pretrain;
  declare_pretrain(program.command("pretrain", "Train an encoder on the CT targets of a manifest's train split",
                                   cli::has_output | cli::has_seed | cli::has_device,
                                   [&] { return run_pretrain(program, pretrain); }),
                   pretrain);
  std::string path;
  program.command("info", "Describe an encoder file", cli::has_json, [&] { return run_info(program, path); })
      .add_option("encoder", path, "Encoder file")
      ->required()
      ->type_name("FILE");
  return program.main(argc, argv);
}
