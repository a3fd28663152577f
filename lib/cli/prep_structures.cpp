#include "cli/prep_structures.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/batch.hpp"
#include "cli/dicom_series.hpp"
#include "cli/new_set.hpp"
#include "cli/outputs.hpp"
#include "dicom/stack.hpp"
#include "engine/itk.hpp"
#include "image/mask.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

/// A mask and what is written of it.
constexpr double structure_bytes_per_voxel = 2;

/// The grid of the reference, and the frame of reference where that is known: a NIfTI file does not tell.
struct Reference {
  Grid grid;
  std::string frame_of_reference;
};

Reference reference_of(const fs::path& path) {
  if (fs::exists(path) && !fs::is_directory(path) && without_nifti_suffix(path) != path) {
    return {read_nifti_info(path).grid, ""};
  }
  const std::vector<dicom::Frame> frames = frames_of_one_series("REFERENCE", path);
  const dicom::Stack stack = dicom::stack_of(frames);
  if (!stack.fault.empty()) throw Error("REFERENCE: " + stack.fault);
  if (!stack.uneven.empty()) throw Error("REFERENCE: " + stack.uneven);
  return {dicom::grid_of(stack), frames.front().frame_of_reference_uid};
}

struct Named {
  dicom::Structure structure;
  std::string file;
};

std::vector<Named> chosen(std::vector<dicom::Structure> structures, const std::vector<std::string>& only) {
  const std::vector<std::string> names = dicom::file_names(structures);
  for (const std::string& name : only) {
    const bool known = std::any_of(structures.begin(), structures.end(),
                                   [&name](const dicom::Structure& structure) { return structure.name == name; }) ||
                       std::find(names.begin(), names.end(), name) != names.end();
    if (!known)
      throw Error(fmt::format("--only: there is no structure '{}'; there are {}", name, fmt::join(names, ", ")));
  }
  std::vector<Named> all;
  for (std::size_t n = 0; n < structures.size(); ++n) {
    const auto wanted = [&](const std::string& name) { return name == structures[n].name || name == names[n]; };
    if (only.empty() || std::any_of(only.begin(), only.end(), wanted)) {
      all.push_back({std::move(structures[n]), names[n]});
    }
  }
  return all;
}

/// Contours in the coordinates of another scan would be drawn somewhere in the patient.
void check_frames(const std::vector<Named>& all, const Reference& reference, bool any_frame) {
  if (any_frame) return;
  if (reference.frame_of_reference.empty()) {
    log_warning(
        "a NIfTI file does not tell its frame of reference, so that of the contours is not checked; a folder of "
        "DICOM as REFERENCE tells it");
    return;
  }
  for (const Named& named : all) {
    const std::string& frame = named.structure.frame_of_reference;
    if (frame.empty() || frame == reference.frame_of_reference) continue;
    throw Error(
        fmt::format("structure {}: is drawn in another frame of reference than that of REFERENCE; --any-frame "
                    "takes its coordinates all the same",
                    named.file));
  }
}

/// One structure; false if it has nothing that could be drawn on the grid.
bool write_structure(const Named& named, const Reference& reference, const StructuresCommand& command,
                     const Provenance& provenance, Overwrite overwrite) {
  const dicom::Structure& structure = named.structure;
  if (structure.other_contours > 0) {
    log_warning(fmt::format("structure {}: {} contours are open or points, which enclose nothing, and are left out",
                            named.file, structure.other_contours));
  }
  if (structure.contours.empty()) {
    log_warning(fmt::format("structure {}: has no closed contours and is left out", named.file));
    return false;
  }
  const dicom::Drawn drawn =
      with_context("structure " + named.file, [&] { return dicom::draw(structure, reference.grid); });
  const std::int64_t inside = count_inside(drawn.mask);
  if (drawn.outside > 0) {
    log_warning(fmt::format("structure {}: {} of {} contours lie outside the field of the reference", named.file,
                            drawn.outside, structure.contours.size()));
  }
  if (inside == 0) {
    log_warning(fmt::format("structure {}: holds no voxel's centre and is left out", named.file));
    return false;
  }
  const fs::path path = command.output / (named.file + ".nii.gz");
  make_folder(command.output);
  const WriteReport report = write_mask(path, drawn.mask, overwrite);
  const Json details = {{"structure",
                         {{"contours", structure.contours.size()},
                          {"contours_outside", drawn.outside},
                          {"inside_voxels", inside},
                          {"volume_ml", static_cast<double>(inside) * reference.grid.voxel_mm3() / 1000}}}};
  write_sidecar(path, provenance, {}, report, details, overwrite);
  log_info(
      fmt::format("{}: {:.4g} ml", path.string(), static_cast<double>(inside) * reference.grid.voxel_mm3() / 1000));
  return true;
}

}  // namespace

void add_structures_options(CLI::App& command, StructuresCommand& structures) {
  command.add_option("structures", structures.structure_set, "RT Structure Set")->required()->type_name("RTSTRUCT");
  command
      .add_option("reference", structures.reference,
                  "Whose grid the masks get: a NIfTI volume, or the folder of a series")
      ->required()
      ->type_name("FILE|DIR");
  command.add_option("-o,--output", structures.output, "Folder for NAME.nii.gz")->required()->type_name("DIR");
  command.add_option("--only", structures.only, "A structure by its name; repeatable")
      ->default_str("")
      ->type_name("NAME");
  command.add_flag("--any-frame", structures.any_frame, "Draw contours of another frame of reference all the same");
}

int run_structures(const Program& program, const StructuresCommand& command) {
  const Overwrite overwrite = program.standard().overwrite();
  if (!fs::exists(command.structure_set)) {
    throw Error(command.structure_set.string() + ": no such file", Exit::usage);
  }
  std::vector<fs::path> read;
  if (fs::is_directory(command.reference)) read.push_back(command.reference);
  refuse_folder_inside(command.output, read);
  check_folder(command.output);
  const Reference reference = reference_of(command.reference);
  const std::vector<Named> all =
      chosen(with_context("RTSTRUCT", [&] { return engine::itk_services().read_structures(command.structure_set); }),
             command.only);
  if (all.empty()) throw Error("RTSTRUCT: holds no structure");
  check_frames(all, reference, command.any_frame);
  for (const Named& named : all) {
    with_context("structure " + named.file, [&] { dicom::require_on_slices(named.structure, reference.grid); });
  }
  for (const Named& named : all) {
    const fs::path path = command.output / (named.file + ".nii.gz");
    if (fs::exists(command.output)) check_volume_writable(path, overwrite);
    if (program.standard().dry_run) {
      const std::size_t contours = named.structure.contours.size();
      write_stdout(path.string() + (contours > 0 ? fmt::format(": {} contours\n", contours)
                                                 : ": is left out, as it has no closed contours\n"));
    }
  }
  if (program.standard().dry_run) {
    log_info(memory_text(structure_bytes_per_voxel * static_cast<double>(reference.grid.voxels())));
    return 0;
  }
  Provenance provenance = program.provenance();
  for (const fs::path& path : {command.structure_set, command.reference})
    provenance.hide_argument(path.string(), "DICOM");
  int written = 0;
  for (const Named& named : all) written += write_structure(named, reference, command, provenance, overwrite) ? 1 : 0;
  if (written == 0) throw Error("no structure could be drawn on the reference");
  return 0;
}

}  // namespace gdm::cli
