#include "cli/prep_dicom.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/batch.hpp"
#include "cli/dicom_map.hpp"
#include "cli/outputs.hpp"
#include "dicom/pseudonym.hpp"
#include "dicom/survey.hpp"
#include "engine/itk.hpp"
#include "image/hu_check.hpp"
#include "io/nifti/stored.hpp"
#include "prep/layout.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/progress.hpp"
#include "sys/signals.hpp"

namespace gdm::cli {
namespace {

constexpr std::size_t longest_salt = 1 << 16;

dicom::SurveyOptions options_of(const DicomCommand& command) {
  dicom::SurveyOptions options;
  options.assemble = {command.keep_tilt, command.resample_gaps};
  options.shared_id = command.shared_id == "one"       ? dicom::SharedId::one
                      : command.shared_id == "several" ? dicom::SharedId::several
                                                       : dicom::SharedId::refuse;
  if (command.salt_file.empty()) {
    options.salt = dicom::random_salt();
    log_info("names of patients and series are drawn anew in each run; --id-salt FILE keeps them the same");
  } else {
    options.salt = read_file(command.salt_file, longest_salt);
    if (options.salt.empty()) throw Error("--id-salt: the file is empty");
  }
  return options;
}

/// The files of all folders. Their names may tell of patients, so that no message holds one but those that were given.
std::vector<fs::path> files_of(const std::vector<fs::path>& folders) {
  std::vector<fs::path> files;
  for (const fs::path& folder : folders) {
    if (!fs::exists(folder)) throw Error(folder.string() + ": no such folder", Exit::usage);
    if (!fs::is_directory(folder)) {
      files.push_back(folder);
      continue;
    }
    const prep::Files below = prep::files_below(folder, prep::Names::kept_back);
    files.insert(files.end(), below.begin(), below.end());
  }
  return files;
}

std::string counted(const dicom::Survey& found) {
  std::string text = fmt::format("{} files", found.files);
  for (const auto& [reason, files] : found.left_out) text += fmt::format(", {} {}", files.size(), reason);
  return text;
}

/// A CT that states no rescaling, of any of its images, is none in HU unless the user says so.
void refuse_without_rescaling(dicom::Survey& found) {
  std::vector<dicom::Planned> usable;
  for (dicom::Planned& volume : found.volumes) {
    const auto& slices = volume.part.stack.slices;
    const bool stated = std::all_of(slices.begin(), slices.end(), [](const std::vector<dicom::Frame>& same) {
      return std::all_of(same.begin(), same.end(), [](const dicom::Frame& frame) { return frame.has_rescale; });
    });
    if (volume.first().modality != "CT" || stated || assume_hu()) {
      usable.push_back(std::move(volume));
    } else {
      found.refused.push_back(fmt::format(
          "{} of patient {}: a CT without rescaling is not in HU; --assume-hu takes its stored values for HU",
          volume.what, volume.patient));
    }
  }
  found.volumes = std::move(usable);
}

/// Says what is left out and refused; throws unless the run goes on. Returns how much has failed.
std::size_t report(const dicom::Survey& found, const DicomCommand& command) {
  log_info(counted(found));
  if (!found.damaged.empty()) {
    log_error(fmt::format("{} files are empty, cut or damaged, or cannot be opened; --id-map FILE lists them",
                          found.damaged.size()));
  }
  for (const std::string& reason : found.refused) log_error(reason);
  for (const dicom::Planned& volume : found.volumes) {
    if (volume.lost_images > 0) {
      log_warning(fmt::format("{} of patient {}: {} more files of this series are cut, so that slices may be missing",
                              volume.what, volume.patient, volume.lost_images));
    }
  }
  const std::size_t failed = found.refused.size() + (found.damaged.empty() ? 0 : 1);
  if (found.volumes.empty()) throw Error("no series of CT or MR images makes a volume: " + counted(found));
  if (failed > 0 && !command.keep_going) {
    throw Error(fmt::format("{} of {} series or groups of files cannot be used; --keep-going takes the others", failed,
                            failed + found.volumes.size()));
  }
  return failed;
}

/// What the sidecar says of the series, without anything that could identify it.
Json details_of(const dicom::Planned& volume, const dicom::Assembled& made, const DicomCommand& command) {
  const dicom::Frame& first = volume.first();
  Json details = {{"modality", first.modality}, {"series", volume.series}, {"images", volume.images()}};
  if (!volume.part.marks.empty()) details["part_of_series"] = volume.part.marks;
  details["rescale"] = first.has_rescale ? "as stated" : "none stated, values as stored";
  details["padding_voxels"] = made.padding_voxels;
  details["same_slices_left_out"] = made.doubled_slices;
  details["interpolated_slices"] = made.made_slices;
  if (volume.part.stack.leans()) {
    details["tilt_degrees"] = volume.part.stack.lean_degrees;
    details["tilt"] = command.keep_tilt ? "kept" : "resampled";
    details["tilt_outside_voxels"] = made.tilt_outside;
  }
  details["acquisition"] = first.parameters;
  return {{"dicom", details}};
}

void say_changes(const dicom::Planned& volume, const dicom::Assembled& made, const WriteReport& report,
                 const DicomCommand& command) {
  const auto say = [&](std::int64_t count, const std::string& what) {
    if (count > 0) log_info(fmt::format("{}: {} {}", volume.what, count, what));
  };
  say(made.padding_voxels, "voxels are padding and became air");
  say(made.doubled_slices, "slices were there twice, the same, and are left out");
  say(made.made_slices, "slices are interpolated where there were gaps");
  say(report.clamped, "voxels lie beyond -1024 to 3071 HU and were clamped");
  const dicom::Stack& stack = volume.part.stack;
  if (stack.leans()) {
    log_info(fmt::format("{}: slices lean by {:.4g} degrees (gantry tilt): {}", volume.what, stack.lean_degrees,
                         command.keep_tilt ? "kept, on a sheared grid" : "resampled to axes at right angles"));
  }
  if (!volume.first().has_rescale) log_info(volume.what + ": states no rescaling; values are taken as they are stored");
}

void write_one(const dicom::Planned& volume, const DicomCommand& command, const Provenance& provenance,
               Overwrite overwrite) {
  const dicom::Assembled made = dicom::assemble(volume.part.stack, {command.keep_tilt, command.resample_gaps},
                                                engine::itk_services().read_dicom_pixels);
  const fs::path path = dicom::volume_path(volume, command.output);
  const bool ct = volume.first().modality == "CT";
  if (ct) warn_unless_hu(made.volume, volume.what);
  make_folder(path.parent_path());
  NiftiInfo whole;
  whole.datatype = "int16";
  const WriteReport report = ct ? write_volume(path, made.volume, VoxelType::int16_hu, overwrite)
                                : write_as_stored(path, made.volume, whole, overwrite);
  write_sidecar(path, provenance, {}, report, details_of(volume, made, command), overwrite);
  say_changes(volume, made, report, command);
}

/// Makes all volumes; those that fail are left out of the list under --keep-going.
std::size_t write_all(dicom::Survey& found, const DicomCommand& command, const Provenance& provenance,
                      Overwrite overwrite) {
  Progress progress("dicom", static_cast<std::int64_t>(found.volumes.size()), "volumes");
  std::vector<dicom::Planned> done;
  std::size_t failed = 0;
  for (dicom::Planned& volume : found.volumes) {
    throw_if_stop_requested();
    try {
      with_context(fmt::format("{} of patient {}", volume.what, volume.patient), [&] {
        try {
          write_one(volume, command, provenance, overwrite);
        } catch (const dicom::PixelError& error) {
          found.damaged.push_back(error.file);
          throw;
        }
      });
      done.push_back(std::move(volume));
    } catch (const Error& error) {
      if (!command.keep_going) throw;
      log_error(error.what());
      ++failed;
    }
    progress.advance();
  }
  found.volumes = std::move(done);
  return failed;
}

Provenance quiet_provenance(const Program& program, const DicomCommand& command) {
  Provenance provenance = program.provenance();
  for (const fs::path& folder : command.folders) provenance.hide_argument(folder.string(), "DIR");
  return provenance;
}

Manifest manifest_of(const dicom::Survey& found, const fs::path& folder) {
  Manifest manifest;
  manifest.cases = dicom::cases_of(found.volumes, folder);
  const bool mr =
      std::any_of(manifest.cases.begin(), manifest.cases.end(), [](const Case& item) { return !item.inputs.empty(); });
  manifest.task = mr ? "mr2ct" : "sparse-ct";
  return manifest;
}

void print_plan(const dicom::Survey& found, const fs::path& folder) {
  std::string plan;
  for (const dicom::Planned& volume : found.volumes) {
    plan += fmt::format("{} -> {}: {}\n", volume.what, dicom::volume_path(volume, folder).string(),
                        describe(dicom::grid_of(volume.part.stack)));
  }
  write_stdout(plan);
}

}  // namespace

void add_dicom_options(CLI::App& command, DicomCommand& dicom) {
  command.add_option("folder", dicom.folders, "Folders with DICOM files at any depth, or files")
      ->required()
      ->default_str("")
      ->type_name("DIR");
  command.add_option("-o,--output", dicom.output, "Folder for PATIENT/ct.nii.gz, PATIENT/mr.nii.gz and manifest.json")
      ->required()
      ->type_name("DIR");
  command.add_option("--id-salt", dicom.salt_file, "File whose content salts the names of patients and series")
      ->type_name("FILE");
  command.add_option("--id-map", dicom.map, "Write here what the names stand for; keep it where the patients are kept")
      ->check(ends_in(".json"))
      ->type_name("FILE.json");
  takes_one_of(command.add_option("--shared-id", dicom.shared_id,
                                  "Patient IDs under which files name several persons: refuse, or who they are"),
               {"refuse", "one", "several"});
  command.add_flag("--keep-tilt", dicom.keep_tilt, "Leave slices of a tilted gantry as they are, on a sheared grid");
  command.add_flag("--resample-gaps", dicom.resample_gaps, "Interpolate where slices are missing or unevenly spaced");
  command.add_flag("--keep-going", dicom.keep_going, "Leave out series that are refused and go on; exit 3 at the end");
}

int run_dicom(const Program& program, const DicomCommand& command) {
  refuse_folder_inside(command.output, {});
  const Overwrite overwrite = program.standard().overwrite();
  const engine::ItkServices& itk = engine::itk_services();
  const fs::path manifest_path = command.output / "manifest.json";
  check_folder(command.output);
  if (fs::exists(command.output)) check_writable(manifest_path, overwrite);
  DicomMap map(command.map, overwrite, program.standard().dry_run);
  dicom::Survey found = dicom::survey(files_of(command.folders), options_of(command), itk.read_dicom_header);
  refuse_without_rescaling(found);
  map.write(found, DicomMap::Volumes::none);
  std::size_t failed = report(found, command);
  for (const dicom::Planned& volume : found.volumes) {
    const fs::path path = dicom::volume_path(volume, command.output);
    if (fs::exists(path.parent_path())) check_volume_writable(path, overwrite);
  }
  if (program.standard().dry_run) {
    print_plan(found, command.output);
    return static_cast<int>(failed > 0 ? Exit::partial : Exit::ok);
  }
  const Provenance provenance = quiet_provenance(program, command);
  make_folder(command.output);
  map.write(found, DicomMap::Volumes::some);
  try {
    failed += write_all(found, command, provenance, overwrite);
  } catch (const Error&) {
    map.write(found, DicomMap::Volumes::some);
    throw;
  }
  map.write(found, found.volumes.empty() ? DicomMap::Volumes::none : DicomMap::Volumes::some);
  if (found.volumes.empty()) throw Error("no volume could be made");
  Manifest manifest = manifest_of(found, command.output);
  manifest.provenance = provenance.json();
  write_manifest(manifest_path, manifest, overwrite);
  if (isatty(STDOUT_FILENO) == 0) write_manifest("-", manifest, Overwrite::replace);
  return static_cast<int>(failed > 0 ? Exit::partial : Exit::ok);
}

}  // namespace gdm::cli
