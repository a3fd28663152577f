// gdm-prep: what stands before training. `dicom` makes volumes of DICOM series and `structures` masks of contours,
// `info` and `qc` show what files hold, `manifest` finds cases in folders, `register`, `resample`, `reorient`, `crop`,
// `n4` and `mask` make their volumes fit, `split` draws splits, `to-dicom` goes back.
#include <algorithm>

#include "cli/join.hpp"
#include "cli/prep_crop.hpp"
#include "cli/prep_dicom.hpp"
#include "cli/prep_manifest.hpp"
#include "cli/prep_mask.hpp"
#include "cli/prep_n4.hpp"
#include "cli/prep_qc.hpp"
#include "cli/prep_register.hpp"
#include "cli/prep_structures.hpp"
#include "cli/prep_to_dicom.hpp"
#include "cli/prep_volumes.hpp"
#include "cli/run.hpp"
#include "io/json.hpp"
#include "prep/inspect.hpp"
#include "sys/error.hpp"
#include "sys/in_order.hpp"
#include "sys/log.hpp"
#include "sys/signals.hpp"

using namespace gdm;

namespace {

struct Info {
  std::vector<std::string> files;
  prep::InspectOptions options;
};

void print(const prep::Notice& notice) {
  if (notice.problem) {
    log_error(notice.text);
  } else {
    log_warning(notice.text);
  }
}

/// Cases of a manifest are read in parallel; without a manifest the files are.
std::vector<prep::Inspection> inspect_all(const Info& info) {
  std::vector<prep::Inspection> all;
  const bool parallel = std::none_of(info.files.begin(), info.files.end(), [](const std::string& file) {
    return file == "-" || fs::path(file).extension() == ".json" || fs::path(file).extension() == ".jsonl";
  });
  if (!parallel) {
    for (const std::string& file : info.files) {
      throw_if_stop_requested();
      all.push_back(prep::inspect(file, info.options, print));
    }
    return all;
  }
  const auto inspect = [&](std::int64_t n) {
    throw_if_stop_requested();
    return prep::inspect(info.files[static_cast<std::size_t>(n)], info.options, [](const prep::Notice&) {});
  };
  parallel_in_order(static_cast<std::int64_t>(info.files.size()), inspect,
                    [&](std::int64_t, prep::Inspection inspection) {
                      for (const prep::Notice& notice : inspection.notices) print(notice);
                      all.push_back(std::move(inspection));
                    });
  return all;
}

int run(const Info& info, const cli::Standard& standard) {
  if (std::count(info.files.begin(), info.files.end(), "-") > 1) {
    throw Error("standard input can be read only once", Exit::usage);
  }
  if (info.options.mask == "-") throw Error("--mask: a mask needs a file name", Exit::usage);
  const std::vector<prep::Inspection> all = inspect_all(info);
  write_stdout(standard.json ? json_text(prep::inspections_json(all)) + "\n" : prep::inspections_text(all));
  const bool failed = std::any_of(all.begin(), all.end(), [](const auto& inspection) { return inspection.failed(); });
  return static_cast<int>(failed ? Exit::failure : Exit::ok);
}

void declare_info(cli::Program& program, Info& info) {
  CLI::App& command = program.command("info", "Says what files hold, and with --check whether they are good.",
                                      cli::has_json | cli::has_volumes, [&] { return run(info, program.standard()); });
  command.footer("Examples:\n  gdm-prep info --check cases/manifest.json\n  gdm-prep info model.safetensors");
  command.add_option("file", info.files, "Volumes, sinograms, manifests, sidecars, models; - for a volume or manifest")
      ->required()
      ->default_str("")
      ->type_name("FILE|-");
  command.add_flag("--check", info.options.check, "Read every file that a manifest names; report all that is wrong");
  command.add_option("--mask", info.options.mask, "Mask on the grid of the volumes: report its coverage")
      ->type_name("FILE");
  cli::takes_one_of(command.add_option("--split", info.options.split, "Only these cases of a manifest"),
                    Manifest::split_names());
}

void declare_dicom(cli::Program& program, cli::DicomCommand& dicom) {
  CLI::App& command =
      program.command("dicom", "Makes volumes and a manifest of the CT and MR series in folders.",
                      cli::has_output | cli::has_dry_run | cli::has_volumes, [&] { return run_dicom(program, dicom); });
  cli::add_dicom_options(command, dicom);
  command.footer(
      "Examples:\n"
      "  gdm-prep dicom export -o nifti --id-salt salt.key\n"
      "  gdm-prep dicom export -o nifti --keep-going --resample-gaps --id-map private/map.json");
}

void declare_to_dicom(cli::Program& program, cli::ToDicomCommand& to_dicom) {
  CLI::App& command = program.command("to-dicom", "Writes a CT as a DICOM series beside the one it was made from.",
                                      cli::has_output | cli::has_dry_run | cli::has_volumes,
                                      [&] { return run_to_dicom(program, to_dicom); });
  cli::add_to_dicom_options(command, to_dicom);
  command.footer("Example:\n  gdm-prep to-dicom predictions/p1_pred.nii.gz --like export/mr -o send");
}

void declare_register(cli::Program& program, cli::RegisterCommand& registration) {
  CLI::App& command = program.command("register", "Brings one volume of each case onto another, by mutual information.",
                                      cli::has_output | cli::has_seed | cli::has_dry_run | cli::has_volumes,
                                      [&] { return run_register(program, registration); });
  cli::add_register_options(command, registration);
  command.footer(
      "Examples:\n"
      "  gdm-prep register cases.json -o registered --spacing 1\n"
      "  gdm-prep register mr.nii.gz --fixed ct.nii.gz -o mr_on_ct.nii.gz");
}

void declare_manifest(cli::Program& program, cli::ManifestCommand& manifest) {
  CLI::App& command = program.command("manifest", "Finds cases in folders and writes the manifest of them.",
                                      cli::has_output | cli::has_seed | cli::has_dry_run,
                                      [&] { return run_manifest(program, manifest); });
  cli::add_manifest_options(command, manifest);
  command.footer(
      "Examples:\n"
      "  gdm-prep manifest data -o cases.json --split 70,15,15\n"
      "  gdm-prep manifest --input 'mr=data/{id}/t1.nii.gz' --target 'data/{id}/ct.nii.gz' -o cases.json");
}

void declare_mask(cli::Program& program, cli::MaskCommand& mask) {
  CLI::App& command =
      program.command("mask", "Masks the body in the CT of each case, without table and holder.",
                      cli::has_output | cli::has_dry_run | cli::has_volumes, [&] { return run_mask(program, mask); });
  cli::add_mask_options(command, mask);
  command.footer(
      "Examples:\n"
      "  gdm-prep mask cases.json -o masked\n"
      "  gdm-prep mask ct.nii.gz -o body.nii.gz");
}

void declare_n4(cli::Program& program, cli::N4Command& n4) {
  CLI::App& command =
      program.command("n4", "Takes the smooth gain of receive coils out of MR.",
                      cli::has_output | cli::has_dry_run | cli::has_volumes, [&] { return run_n4(program, n4); });
  cli::add_n4_options(command, n4);
  command.footer(
      "Examples:\n"
      "  gdm-prep n4 cases.json -o corrected\n"
      "  gdm-prep n4 mr.nii.gz -o mr_n4.nii.gz --field");
}

void declare_crop(cli::Program& program, cli::CropCommand& crop) {
  CLI::App& command =
      program.command("crop", "Cuts the volumes of each case to the box around its body.",
                      cli::has_output | cli::has_dry_run | cli::has_volumes, [&] { return run_crop(program, crop); });
  cli::add_crop_options(command, crop);
  command.footer(
      "Examples:\n"
      "  gdm-prep crop cases.json -o cropped\n"
      "  gdm-prep crop ct.nii.gz -o ct_cropped.nii.gz --margin 20");
}

void declare_structures(cli::Program& program, cli::StructuresCommand& structures) {
  CLI::App& command =
      program.command("structures", "Draws the contours of an RT Structure Set as masks.",
                      cli::has_output | cli::has_dry_run, [&] { return run_structures(program, structures); });
  cli::add_structures_options(command, structures);
  command.footer(
      "Examples:\n"
      "  gdm-prep structures export/rtstruct.dcm export/ct -o masks\n"
      "  gdm-prep structures rtstruct.dcm nifti/p1/ct.nii.gz -o masks --only Brain --only GTV");
}

void declare_qc(cli::Program& program, cli::QcCommand& qc) {
  CLI::App& command =
      program.command("qc", "Draws three planes of every case, and one sheet of all.",
                      cli::has_output | cli::has_dry_run | cli::has_volumes, [&] { return run_qc(program, qc); });
  cli::add_qc_options(command, qc);
  command.footer("Example:\n  gdm-prep qc registered/manifest.json -o look");
}

void declare_split(cli::Program& program, cli::SplitCommand& split) {
  CLI::App& command =
      program.command("split", "Draws splits of a manifest by patient.",
                      cli::has_output | cli::has_seed | cli::has_dry_run, [&] { return run_split(program, split); });
  cli::add_split_options(command, split);
  command.footer("Example:\n  gdm-prep split cases.json --split 70,15,15 --stratify site -o drawn.json --seed 1");
}

void declare_resample(cli::Program& program, cli::ResampleCommand& resample) {
  CLI::App& command =
      program.command("resample", "Puts the volumes of each case on one grid.", cli::has_output | cli::has_dry_run,
                      [&] { return run_resample(program, resample); });
  cli::add_resample_options(command, resample);
  command.footer(
      "Examples:\n"
      "  gdm-prep resample cases.json -o on-one-grid --spacing 1\n"
      "  gdm-prep resample mr.nii.gz --like ct.nii.gz -o mr_on_ct.nii.gz");
}

void declare_reorient(cli::Program& program, cli::ReorientCommand& reorient) {
  CLI::App& command =
      program.command("reorient", "Stores volumes along other directions, without a change to any voxel.",
                      cli::has_output | cli::has_dry_run, [&] { return run_reorient(program, reorient); });
  cli::add_reorient_options(command, reorient);
  command.footer("Example:\n  gdm-prep reorient cases.json --to RAS -o turned");
}

}  // namespace

int main(int argc, char** argv) {
  cli::Program program("gdm-prep", "Makes data ready for training, and looks at volumes, manifests and models.");
  Info info;
  declare_info(program, info);
  cli::DicomCommand dicom;
  declare_dicom(program, dicom);
  cli::ToDicomCommand to_dicom;
  declare_to_dicom(program, to_dicom);
  cli::RegisterCommand registration;
  declare_register(program, registration);
  cli::ManifestCommand manifest;
  declare_manifest(program, manifest);
  cli::ResampleCommand resample;
  declare_resample(program, resample);
  cli::MaskCommand mask;
  declare_mask(program, mask);
  cli::N4Command n4;
  declare_n4(program, n4);
  cli::CropCommand crop;
  declare_crop(program, crop);
  cli::StructuresCommand structures;
  declare_structures(program, structures);
  cli::QcCommand qc;
  declare_qc(program, qc);
  cli::SplitCommand split;
  declare_split(program, split);
  cli::ReorientCommand reorient;
  declare_reorient(program, reorient);
  cli::add_join(program);
  program.app().footer("Example:\n  gdm-prep info --check cases/manifest.json");
  return program.main(argc, argv);
}
