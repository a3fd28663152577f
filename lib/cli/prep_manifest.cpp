#include "cli/prep_manifest.hpp"

#include <fmt/format.h>

#include "cli/batch.hpp"
#include "cli/outputs.hpp"
#include "cli/values.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {

void add_manifest_options(CLI::App& command, ManifestCommand& manifest) {
  prep::ManifestOptions& o = manifest.options;
  command.add_option("folder", o.folders, "Folders with cases in a known layout; or none, and patterns")
      ->default_str("")
      ->type_name("FOLDER");
  command.add_option("-o,--output", manifest.output, "Manifest to write; - is stdout")
      ->required()
      ->type_name("FILE.json|-");
  takes_one_of(command.add_option("--layout", o.layout.layout, "How the folders are laid out"),
               {"auto", "synthrad", "nnunet", "bids"});
  takes_one_of(command.add_option("--labels-as", o.layout.labels_as, "What nnU-Net's labelsTr are in a case"),
               {"labels", "target", "mask"});
  command.add_option("--input", o.inputs, "Files of one input, such as mr='data/{id}/mr.nii.gz'; repeatable")
      ->default_str("")
      ->type_name("NAME=PATTERN");
  command.add_option("--target", o.target, "Pattern of the files of the target")->type_name("PATTERN");
  command.add_option("--mask", o.mask, "Pattern of the files of the mask")->type_name("PATTERN");
  takes_one_of(command.add_option("--incomplete", o.incomplete, "Cases that lack a file which others have"),
               {"refuse", "skip", "keep"});
  command
      .add_option("--task", o.task, "Task that the manifest states; else mr2ct, or sparse-ct without images as inputs")
      ->type_name("TASK");
  command
      .add_option("--split", o.split, "Draw splits by patient: percent such as 70,15,15, or patients such as rest,8,12")
      ->check(accepted_by(prep::parse_split, "split"))
      ->type_name("TRAIN,VAL,TEST");
  command.add_flag("--split-by-folder", o.split_by_folder,
                   "Splits by the names of folders: imagesTs, train, val, test");
}

int run_manifest(const Program& program, ManifestCommand manifest) {
  const Standard& standard = program.standard();
  const fs::path& output = manifest.output;
  if (output != "-" && output.extension() != ".json") {
    throw Error(fmt::format("-o: '{}' does not end in .json", output.string()), Exit::usage);
  }
  manifest.options.seed = standard.seed;
  prep::MadeManifest made = prep::make_manifest(manifest.options);
  refuse_outputs_that_are_read({{made.read.begin(), made.read.end()}, {}}, {output});
  made.manifest.provenance = program.provenance().json();
  // What a reader would refuse, such as a control character in an id, is refused here.
  parse_manifest(manifest_text(made.manifest, output.parent_path()), output.parent_path(), output.string());
  if (output != "-") check_writable(output, standard.overwrite());
  if (standard.dry_run) {
    log_info(fmt::format("would write {} cases to {}", made.manifest.cases.size(), output.string()));
    return 0;
  }
  write_manifest(output, made.manifest, standard.overwrite());
  return 0;
}

}  // namespace gdm::cli
