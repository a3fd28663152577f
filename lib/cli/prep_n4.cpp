#include "cli/prep_n4.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cli/outputs.hpp"
#include "engine/itk.hpp"
#include "image/hu_check.hpp"
#include "image/mask.hpp"
#include "io/nifti/stored.hpp"
#include "prep/case_volumes.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

/// The image, its mask and the gain, and copies of them for ITK.
constexpr double n4_bytes_per_voxel = 20;

/// Where the gain goes, beside P_mr.nii.gz.
fs::path field_path(const fs::path& volume) {
  return without_nifti_suffix(volume).string() + "_gain.nii.gz";
}

Mask mask_for(const Volume& image, const fs::path& file) {
  if (file.empty()) {
    Mask body = body_mask_from_image(image);
    if (count_inside(body) == 0) throw Error("no body stands out from the background; --mask names a mask of it");
    return body;
  }
  return read_mask(file, &image.grid);
}

void correct(const fs::path& image_file, const fs::path& mask_file, const fs::path& output, const N4Command& command,
             const Provenance& provenance, Overwrite overwrite) {
  NiftiInfo info;
  Volume image = read_volume(image_file, info);
  if (looks_like_hu(image.voxels)) {  // so does MR from which a number was taken away, so that this is no refusal
    log_warning(image_file.string() + ": looks like CT in HU, which no coil has multiplied");
  }
  const Mask mask = mask_for(image, mask_file);
  const Volume field = engine::itk_services().bias_field(image, mask, command.options);
  double least = 1, most = 1;
  for (std::size_t n = 0; n < image.voxels.size(); ++n) {
    image.voxels[n] /= field.voxels[n];
    if (mask.voxels[n] == 0) continue;
    least = std::min(least, static_cast<double>(field.voxels[n]));
    most = std::max(most, static_cast<double>(field.voxels[n]));
  }
  const WriteReport report = write_as_stored(output, image, info, overwrite);
  Provenance own = provenance;
  own.add_source(image_file);
  const Json details = {{"n4",
                         {{"control_mm", command.options.control_mm},
                          {"levels", command.options.levels},
                          {"iterations", command.options.iterations},
                          {"voxel_mm", command.options.voxel_mm},
                          {"least_gain", least},
                          {"largest_gain", most},
                          {"mask", mask_file.empty() ? "from the image" : "given"}}}};
  write_sidecar(output, own, {image_file}, report, details, overwrite);
  if (command.write_field) {
    const WriteReport gain = write_volume(field_path(output), field, VoxelType::float32, overwrite);
    write_sidecar(field_path(output), own, {image_file}, gain, details, overwrite);
  }
  log_info(fmt::format("{}: gain from {:.2f} to {:.2f} in the body", output.filename().string(), least, most));
}

bool is_input(const prep::CaseVolume& volume) {
  return volume.role.rfind("inputs.", 0) == 0;
}

/// The inputs that are corrected: the one named, or all that are neither CT nor labels.
std::vector<prep::CaseVolume> images_of(const Case& item, const N4Command& command) {
  std::vector<prep::CaseVolume> images;
  for (const prep::CaseVolume& volume : prep::case_volumes(item, {}, command.set.output)) {
    const bool named = volume.role == "inputs." + command.of || (volume.role == command.of && is_input(volume));
    if (command.of.empty() ? volume.kind == prep::VolumeKind::image : named) images.push_back(volume);
  }
  if (images.empty()) {
    if (!command.of.empty()) static_cast<void>(item.input(command.of));  // says which inputs there are
    throw Error("has no input that is MR; --of names one");
  }
  return images;
}

std::vector<fs::path> sources_of(const Case& item, const N4Command& command) {
  std::vector<fs::path> files;
  for (const prep::CaseVolume& image : images_of(item, command)) files.push_back(image.source);
  if (item.mask) files.push_back(*item.mask);
  return files;
}

int correct_single(const Program& program, const N4Command& command) {
  const Overwrite overwrite = program.standard().overwrite();
  if (!command.of.empty()) throw Error("--of names a volume of a case, and the input is one volume", Exit::usage);
  check_single(command.set, {command.mask}, overwrite);
  if (!command.mask.empty() && !fs::exists(command.mask)) throw Error(command.mask.string() + ": no such file");
  if (command.write_field) {
    if (command.set.output == "-") throw Error("--field writes a file beside the output, which is stdout", Exit::usage);
    check_volume_writable(field_path(command.set.output), overwrite);
  }
  if (program.standard().dry_run) {
    log_info(fmt::format("would write {}", command.set.output.string()));
  } else {
    correct(command.set.input, command.mask, command.set.output, command, program.provenance(), overwrite);
  }
  return 0;
}

}  // namespace

void add_n4_options(CLI::App& command, N4Command& n4) {
  add_new_set_options(command, n4.set);
  command.add_option("--of", n4.of, "Input that is corrected; without it all that are neither CT nor labels")
      ->type_name("NAME");
  command.add_option("--mask", n4.mask, "For one volume: where its body is; cases bring their own")->type_name("FILE");
  command.add_option("--control", n4.options.control_mm, "Between control points of the first level, in mm")
      ->transform(range(0.5, 1000.0))
      ->type_name("MM");
  command.add_option("--levels", n4.options.levels, "Levels, each of which halves that distance")
      ->transform(range(1, 6))
      ->type_name("N");
  command.add_option("--iterations", n4.options.iterations, "At most, at each level")
      ->transform(range(1, 500))
      ->type_name("N");
  command.add_flag("--field", n4.write_field, "Write the gain as well, NAME_gain.nii.gz");
}

int run_n4(const Program& program, const N4Command& command) {
  const NewSet& set = command.set;
  if (is_single(set)) return correct_single(program, command);
  if (!command.mask.empty()) throw Error("--mask is for one volume; a case brings its own mask", Exit::usage);
  const Overwrite overwrite = set.overwrite(program);
  CaseStep step;
  step.title = "n4";
  step.options = {{"of", command.of},
                  {"control", command.options.control_mm},
                  {"levels", command.options.levels},
                  {"iterations", command.options.iterations},
                  {"field", command.write_field}};
  step.sources = [&](const Case& item) { return sources_of(item, command); };
  step.reads_in_dry_run = true;
  step.outputs = [&](const Case& item) {
    std::vector<fs::path> outputs;
    for (const prep::CaseVolume& image : images_of(item, command)) {
      outputs.push_back(image.output);
      if (command.write_field) outputs.push_back(field_path(image.output));
    }
    return outputs;
  };
  step.plan = [&](const Case& item) {
    std::string plan;
    for (const prep::CaseVolume& image : images_of(item, command)) {
      plan += fmt::format("{}{} -> {}", plan.empty() ? "" : "\n", image.source.string(), image.output.string());
    }
    return plan;
  };
  step.memory_bytes = [&](const Case& item) { return n4_bytes_per_voxel * most_voxels_of(sources_of(item, command)); };
  step.work = [&](const Case& item, const Provenance& provenance) {
    for (const prep::CaseVolume& image : images_of(item, command)) {
      make_folder(image.output.parent_path());
      correct(image.source, item.mask.value_or(""), image.output, command, provenance, overwrite);
    }
  };
  step.enter = [&](Case& item) {
    for (const prep::CaseVolume& image : images_of(item, command)) prep::set_file(item, image.role, image.output);
  };
  return run_new_set(program, set, step);
}

}  // namespace gdm::cli
