#include "prep/resample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "image/hu_check.hpp"
#include "image/label_check.hpp"
#include "image/mask.hpp"
#include "io/nifti/stored.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::prep {
namespace {

/// "mr" of "inputs.mr", and "target".
std::string name_of(const std::string& role) {
  return role.substr(role.find('.') + 1);
}

const fs::path& reference_of(const Case& item, const std::string& like) {
  const auto given = [&like](const std::optional<fs::path>& path) -> const fs::path& {
    if (!path) {
      throw Error(fmt::format("has no {}{}", like.empty() ? "target" : like,
                              like.empty() ? ", whose grid the volumes go to; --like names another" : ""));
    }
    return *path;
  };
  if (like.empty() || like == "target") return given(item.target);
  if (like == "mask") return given(item.mask);
  if (like == "prediction") return given(item.prediction);
  return item.input(name_of(like));
}

Volume read_of_kind(const fs::path& source, VolumeKind kind, NiftiInfo& info) {
  Volume volume = read_volume(source, info);
  if (kind == VolumeKind::mask) {
    for (float& voxel : volume.voxels) voxel = voxel != 0 ? 1.0F : 0.0F;
  }
  return volume;
}

float fill_of(const Volume& volume, const ResamplePlan& plan) {
  if (plan.fill) return *plan.fill;
  if (plan.kind == VolumeKind::ct) return air_hu;
  return plan.kind == VolumeKind::image ? least_finite(volume) : 0.0F;
}

WriteReport write_of_kind(const fs::path& output, const Volume& volume, VolumeKind kind, const NiftiInfo& info,
                          Overwrite overwrite) {
  switch (kind) {
    case VolumeKind::ct: {
      const bool integers = stored_as_integers(info);
      return write_volume(output, volume, integers ? VoxelType::int16_hu : VoxelType::float32, overwrite);
    }
    case VolumeKind::mask:
      return write_volume(output, volume, VoxelType::uint8, overwrite);
    default:  // what no interpolation touched keeps its type
      return write_as_stored(output, volume, info, overwrite);
  }
}

/// A volume that is called a CT but has no values in HU keeps its own least value and type, as images do, unless it is
/// the target, which every other program takes for HU.
VolumeKind kind_by_values(const Volume& volume, const ResamplePlan& plan, const std::string& name) {
  if (plan.kind != VolumeKind::ct) return plan.kind;
  warn_unless_hu(volume, name);
  const bool other = plan.may_be_no_ct && !assume_hu() && !hu_problem(volume.voxels).empty();
  if (other) log_warning(name + ": is taken for an image of another kind, as it is not in HU");
  return other ? VolumeKind::image : VolumeKind::ct;
}

const char* interpolation_name(const ResamplePlan& plan) {
  if (plan.kind == VolumeKind::labels || plan.kind == VolumeKind::mask) return "nearest, majority where coarser";
  return plan.interpolation == Interpolation::cubic ? "cubic, mean where coarser" : "linear, mean where coarser";
}

/// Labels that go unnoticed would be averaged.
void warn_of_labels(const Volume& volume, const std::string& name) {
  if (!looks_like_labels(volume)) return;
  log_warning(name +
              ": holds few whole numbers in areas, as label maps do, and is interpolated as an image; --labels NAME "
              "(of one volume: --kind labels) keeps labels");
}

void say_outside(const std::string& name, std::int64_t outside, const Grid& grid, float fill) {
  if (outside == 0) return;
  const double share = 100.0 * static_cast<double>(outside) / static_cast<double>(grid.voxels());
  log_info(fmt::format("{}: {} of {} voxels ({:.3g} %) lie outside its field and are set to {:g}", name, outside,
                       grid.voxels(), share, fill));
}

}  // namespace

Grid resampling_grid(const Case& item, const ResampleOptions& options) {
  const Grid grid = read_nifti_info(reference_of(item, options.like)).grid;
  return options.spacing_mm ? respaced(grid, *options.spacing_mm) : grid;
}

void resample_volume(const fs::path& source, const fs::path& output, const ResamplePlan& stated,
                     const std::string& name, const Provenance& provenance, Overwrite overwrite) {
  NiftiInfo info;
  const Volume volume = read_of_kind(source, stated.kind, info);
  ResamplePlan plan = stated;
  plan.kind = kind_by_values(volume, stated, name);
  if (stated.kind == VolumeKind::image) warn_of_labels(volume, name);
  const float fill = fill_of(volume, plan);
  const bool labels = plan.kind == VolumeKind::labels || plan.kind == VolumeKind::mask;
  const Regridded result =
      labels ? regrid_labels(volume, plan.grid, fill) : regrid(volume, plan.grid, fill, {plan.interpolation, true});
  if (result.outside == plan.grid.voxels()) {
    throw Error(fmt::format("{}: {}: lies wholly outside of {}; the two do not overlap", name, source.string(),
                            plan.reference));
  }
  say_outside(name, result.outside, plan.grid, fill);
  const WriteReport report = write_of_kind(output, result.volume, plan.kind, info, overwrite);
  if (report.clamped > 0) {
    log_warning(fmt::format("{}: {} voxels lie beyond -1024 to 3071 HU and were clamped", name, report.clamped));
  }
  Provenance own = provenance;  // a sidecar lists this volume's source, not those of the whole batch
  if (source != "-") own.add_source(source);
  const Json details = {{"resampled",
                         {{"from", describe(volume.grid)},
                          {"to", plan.reference},
                          {"interpolation", interpolation_name(plan)},
                          {"outside_voxels", result.outside},
                          {"outside_value", fill}}}};
  std::vector<fs::path> sources{source};
  if (plan.reference_file != source) sources.insert(sources.begin(), plan.reference_file);  // the spatial reference
  write_sidecar(output, own, sources, report, details, overwrite);
}

void resample_case(const Case& item, const fs::path& folder, const ResampleOptions& options,
                   const Provenance& provenance, Overwrite overwrite) {
  ResamplePlan plan;
  plan.grid = resampling_grid(item, options);
  plan.reference_file = reference_of(item, options.like);
  plan.reference = fmt::format("the grid of {}", options.like.empty() ? "target" : options.like);
  if (options.spacing_mm) {
    plan.reference += fmt::format(" with voxels of {} x {} x {} mm", (*options.spacing_mm)[0], (*options.spacing_mm)[1],
                                  (*options.spacing_mm)[2]);
  }
  plan.interpolation = options.interpolation;
  const std::vector<CaseVolume> volumes = case_volumes(item, options.labels, folder);
  make_folder(folder / item.id);
  for (const CaseVolume& volume : volumes) {
    plan.kind = volume.kind;
    plan.may_be_no_ct = volume.role.rfind("inputs.", 0) == 0;
    const auto fill = options.fill.find(name_of(volume.role));
    plan.fill = fill == options.fill.end() ? std::nullopt : std::optional<float>(fill->second);
    resample_volume(volume.source, volume.output, plan, fmt::format("case '{}': {}", item.id, volume.role), provenance,
                    overwrite);
  }
}

}  // namespace gdm::prep
