#include "prep/register.hpp"

#include <fmt/format.h>

#include "image/mask.hpp"
#include "io/nifti/stored.hpp"
#include "picture/planes.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm::prep {
namespace {

const char* model_name(TransformModel model) {
  return model == TransformModel::rigid ? "rigid" : model == TransformModel::affine ? "affine" : "bspline";
}

Regridded moved_volume(Volume moving, VolumeKind kind, const Grid& grid, const Placement& placement, float fill,
                       Interpolation interpolation) {
  const bool labels = kind == VolumeKind::labels || kind == VolumeKind::mask;
  const RegridOptions how{interpolation, true};
  if (!placement.linear) {
    return labels ? regrid_labels(moving, placement.displacement, 0)
                  : regrid(moving, placement.displacement, fill, how);
  }
  moving.grid = placed(moving.grid, placement.fixed_to_moving_ras_mm);
  return labels ? regrid_labels(moving, grid, 0) : regrid(moving, grid, fill, how);
}

void write_overlay(const MoveFiles& files, const fs::path& fixed_file, const Volume& moved, Overwrite overwrite) {
  Volume fixed = read_volume(fixed_file);
  if (fixed.grid.shape_ijk != moved.grid.shape_ijk) {
    fixed = regrid(fixed, moved.grid, least_finite(fixed), {Interpolation::linear, true}).volume;
  }
  const Mask body = body_mask_from_image(fixed);
  if (count_inside(body) == 0) return;  // nothing to see
  picture::write_png(files.overlay, picture::overlay(fixed, moved, body), overwrite);
}

}  // namespace

MoveFiles move_files(const fs::path& volume) {
  const std::string stem = without_nifti_suffix(volume).string();
  return {volume, stem + ".tfm", stem + "_inverse.tfm", stem + "_overlay.png"};
}

Grid move_grid(const fs::path& fixed, const MoveOptions& options) {
  const Grid grid = read_nifti_info(fixed).grid;
  return options.spacing_mm ? respaced(grid, *options.spacing_mm) : grid;
}

void write_moved(const MovePair& pair, const MoveFiles& files, const Transform& transform, const Placement& placement,
                 const MoveOptions& options, const Json& details, const Provenance& provenance, Overwrite overwrite) {
  NiftiInfo info;
  Volume source = read_volume(pair.moving, info);
  const Grid grid = move_grid(pair.fixed, options);
  const float fill = pair.kind == VolumeKind::ct ? air_hu : least_finite(source);
  const Regridded moved = moved_volume(std::move(source), pair.kind, grid, placement, fill, options.interpolation);
  if (moved.outside == grid.voxels())
    throw Error("the transform takes the moving volume wholly out of the fixed field");
  const WriteReport report = write_as_stored(files.volume, moved.volume, info, overwrite);
  Json all = details;
  if (!files.transform.empty()) {
    write_file(files.transform, transform_text(transform), overwrite);
    all["registered"]["transform"] = files.transform.filename().string();
  }
  if (placement.linear && !files.inverse.empty()) {
    write_file(files.inverse, transform_text({affine_stage(inverse(placement.fixed_to_moving_ras_mm))}), overwrite);
  }
  if (!files.overlay.empty()) write_overlay(files, pair.fixed, moved.volume, overwrite);
  Provenance own = provenance;
  own.add_source(pair.fixed);
  own.add_source(pair.moving);
  all["registered"]["outside_voxels"] = moved.outside;
  write_sidecar(files.volume, own, {pair.fixed, pair.moving}, report, all, overwrite);
}

Json registration_json(const Registration& found, const RegistrationOptions& options) {
  Json json = {{"model", model_name(options.model)},
               {"finest_mm", options.finest_mm},
               {"mutual_information", found.mutual_information},
               {"fall_beside", found.fall_beside},
               {"overlap", found.overlap},
               {"starts", found.starts},
               {"starts_agreeing", found.starts_agreeing}};
  if (options.model == TransformModel::bspline) json["control_mm"] = options.control_mm;
  const std::string why = doubt(found);
  json["doubt"] = why.empty() ? Json(nullptr) : Json(why);
  return {{"registered", json}};
}

std::string lonely(const Registration& found) {
  if (found.starts < 2 || found.starts_agreeing > 1) return "";
  return fmt::format(
      "{} of {} starts led to this registration, so another seed may lead elsewhere; look at the overlay",
      found.starts_agreeing == 1 ? "one alone" : "none", found.starts);
}

}  // namespace gdm::prep
