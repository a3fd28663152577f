#include "cli/join.hpp"

#include <fmt/format.h>

#include <memory>

#include "cli/outputs.hpp"
#include "io/manifest_parts.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

struct Join {
  std::vector<fs::path> parts;
  fs::path output;
};

/// The one batch that all parts belong to.
fs::path batch_of(const Join& join) {
  std::vector<NamedManifest> given;
  for (const fs::path& part : join.parts) given.push_back({"", part});
  const std::vector<NamedManifest> folded = fold_parts(given);
  for (const NamedManifest& manifest : folded) {
    if (part_files(manifest.path).front() == manifest.path) {
      throw Error(manifest.path.string() + ": is not called manifest-I-of-N.json, as parts of a batch are",
                  Exit::usage);
    }
  }
  if (folded.size() > 1) {
    throw Error(fmt::format("parts of two batches: {} and {}", folded[0].path.string(), folded[1].path.string()),
                Exit::usage);
  }
  return folded.front().path;
}

int run(const Program& program, const Join& join) {
  const fs::path batch = batch_of(join);
  Manifest manifest = read_whole_manifest(batch);
  RunInputs inputs{part_files(batch), {&manifest}};
  inputs.files.push_back(program.config_file());
  refuse_outputs_that_are_read(inputs, {join.output});
  const Overwrite overwrite = program.standard().overwrite();
  check_writable(join.output, overwrite);
  if (program.standard().dry_run) {
    log_info(fmt::format("would write {} cases to {}", manifest.cases.size(), join.output.string()));
    return 0;
  }
  Provenance provenance = program.provenance();
  for (const fs::path& part : part_files(batch)) provenance.add_source(part);
  manifest.provenance = provenance.json();
  write_manifest(join.output, manifest, overwrite);
  return 0;
}

}  // namespace

void add_join(Program& program) {
  const auto join = std::make_shared<Join>();
  CLI::App& command = program.command("join", "Makes one manifest of the manifests of all shards of a batch.",
                                      has_output | has_dry_run, [&program, join] { return run(program, *join); });
  command.add_option("part", join->parts, "All manifest-I-of-N.json of one folder, in any order")
      ->required()
      ->default_str("")
      ->type_name("MANIFEST");
  command.add_option("-o,--output", join->output, "Manifest to write; its paths are relative to its own folder")
      ->required()
      ->type_name("FILE.json|-");
  command.footer("Example:\n  gdm-prep join out/manifest-*-of-4.json -o out/manifest.json");
}

}  // namespace gdm::cli
