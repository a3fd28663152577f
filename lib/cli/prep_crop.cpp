#include "cli/prep_crop.hpp"

#include <fmt/format.h>

#include "cli/outputs.hpp"
#include "image/grid_match.hpp"
#include "image/hu_check.hpp"
#include "image/mask.hpp"
#include "io/nifti/stored.hpp"
#include "prep/case_volumes.hpp"
#include "prep/crop.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::cli {
namespace {

/// Of the volume, what is cut of it, its mask, and what is held where the body has to be found.
constexpr double crop_bytes_per_voxel = 12;

/// The body in a volume without a mask: by HU in CT.
Mask body_of(const Volume& volume, bool ct) {
  Mask body = ct ? body_mask_beside_table(volume) : body_mask_from_image(volume);
  if (count_inside(body) == 0) throw Error("no body stands out from the background; a mask would tell where to crop");
  return body;
}

void crop_one(const fs::path& source, const fs::path& output, const Mask& mask, const std::string& whose,
              const CropCommand& command, const Provenance& provenance, Overwrite overwrite) {
  NiftiInfo info;
  const Volume volume = read_volume(source, info);
  require_same_grid(volume.grid, source.filename().string(), mask.grid, whose);
  const prep::VoxelBox box = prep::box_around(mask, command.margin_mm);
  const WriteReport report = write_as_stored(output, prep::cropped(volume, box), info, overwrite);
  Provenance own = provenance;
  if (source != "-") own.add_source(source);
  const Json details = {{"cropped",
                         {{"from_ijk", box.first},
                          {"shape_ijk", box.shape_ijk},
                          {"of_shape_ijk", volume.grid.shape_ijk},
                          {"margin_mm", command.margin_mm}}}};
  write_sidecar(output, own, {source}, report, details, overwrite);
}

int crop_single(const Program& program, const CropCommand& command) {
  const Overwrite overwrite = program.standard().overwrite();
  const NewSet& set = command.set;
  if (set.input == "-")
    throw Error("one volume is read twice here, so it needs a name of a file, not '-'", Exit::usage);
  check_single(set, {command.mask}, overwrite);
  const auto body_in_input = [&] {
    const Volume volume = read_volume(set.input);
    return body_of(volume, looks_like_hu(volume.voxels));
  };
  const Mask mask = command.mask.empty() ? body_in_input() : read_mask(command.mask);
  if (program.standard().dry_run) {
    log_info(fmt::format("would write {} with {}", set.output.string(),
                         describe(prep::cropped(mask.grid, prep::box_around(mask, command.margin_mm)))));
  } else {
    crop_one(set.input, set.output, mask, "the mask", command, program.provenance(), overwrite);
  }
  return 0;
}

Mask mask_of_case(const Case& item) {
  if (item.mask) return read_mask(*item.mask);
  if (!item.target) throw Error("has neither a mask nor a target whose body could be masked");
  return body_of(read_volume(*item.target), true);
}

}  // namespace

void add_crop_options(CLI::App& command, CropCommand& crop) {
  add_new_set_options(command, crop.set);
  command.add_option("--mask", crop.mask, "For one volume: what it is cut to; cases bring their own")
      ->type_name("FILE");
  command.add_option("--margin", crop.margin_mm, "Left around the body on each side, in mm")
      ->transform(range(0.0, 1000.0))
      ->type_name("MM");
}

int run_crop(const Program& program, const CropCommand& command) {
  const NewSet& set = command.set;
  if (is_single(set)) return crop_single(program, command);
  if (!command.mask.empty()) throw Error("--mask is for one volume; a case brings its own mask", Exit::usage);
  const Overwrite overwrite = set.overwrite(program);
  CaseStep step;
  step.title = "cropping";
  step.options = {{"margin", command.margin_mm}};
  step.sources = prep::files_of;
  step.outputs = [&](const Case& item) {
    std::vector<fs::path> outputs;
    for (const prep::CaseVolume& volume : prep::case_volumes(item, {}, set.output)) outputs.push_back(volume.output);
    return outputs;
  };
  step.plan = [&](const Case& item) { return (set.output / item.id).string(); };
  step.memory_bytes = [](const Case& item) { return crop_bytes_per_voxel * most_voxels_of(prep::files_of(item)); };
  step.work = [&](const Case& item, const Provenance& provenance) {
    const Mask mask = mask_of_case(item);
    make_folder(set.output / item.id);
    for (const prep::CaseVolume& volume : prep::case_volumes(item, {}, set.output)) {
      crop_one(volume.source, volume.output, mask, item.mask ? "the mask" : "the target", command, provenance,
               overwrite);
    }
  };
  step.enter = [&](Case& item) { prep::enter_new_volumes(item, set.output); };
  return run_new_set(program, set, step);
}

}  // namespace gdm::cli
