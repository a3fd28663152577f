// The volumes of a case on one grid.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "image/regrid.hpp"
#include "io/manifest.hpp"
#include "io/sidecar.hpp"
#include "prep/case_volumes.hpp"

namespace gdm::prep {

struct ResampleOptions {
  std::string like;  ///< whose grid: "target", "mask", "prediction", the name or role of an input, or "" for the target
  std::optional<Point3> spacing_mm;  ///< voxels of this size over the field of that grid; none: that grid itself
  Interpolation interpolation = Interpolation::linear;
  std::map<std::string, float> fill;  ///< outside the field of a volume, by the names that `like` takes
  std::vector<std::string> labels;    ///< inputs that are label maps, beside those of case_volumes()
};

/// The grid that the case's volumes go to; reads one header. Throws Error if the case does not have that volume.
Grid resampling_grid(const Case& item, const ResampleOptions& options);

/// What of a volume is written and how.
struct ResamplePlan {
  VolumeKind kind = VolumeKind::image;
  bool may_be_no_ct = false;  ///< called a CT by its name alone: without values in HU it is an image
  Grid grid;
  std::string reference;    ///< the grid in words
  fs::path reference_file;  ///< whose grid it is, for the sidecar
  Interpolation interpolation = Interpolation::linear;
  std::optional<float> fill;  ///< none: -1024 for CT, 0 for labels and masks, an image's own least value
};

/// Reads `source`, writes it on the plan's grid with its sidecar. CT that was stored as integers is written as int16
/// HU, masks as 0 and 1, images and labels as write_as_stored() has them (float32 where interpolation made fractions).
/// Says on stderr, after `name`, how many voxels lie outside the field of the source. Throws Error if all do.
void resample_volume(const fs::path& source, const fs::path& output, const ResamplePlan& plan, const std::string& name,
                     const Provenance& provenance, Overwrite overwrite);

/// Every volume of the case, to the places that case_volumes() names.
void resample_case(const Case& item, const fs::path& folder, const ResampleOptions& options,
                   const Provenance& provenance, Overwrite overwrite);

}  // namespace gdm::prep
