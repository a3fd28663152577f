// One volume of a case brought onto the grid of another, by a transform that was found or given.
#pragma once

#include <optional>
#include <string>

#include "image/regrid.hpp"
#include "io/sidecar.hpp"
#include "prep/case_volumes.hpp"
#include "prep/registration.hpp"

namespace gdm::prep {

struct MoveOptions {
  Interpolation interpolation = Interpolation::linear;
  std::optional<Point3> spacing_mm;  ///< voxels of this size over the field of the fixed volume; none: its own grid
};

/// Files beside the moved volume P_mr.nii.gz: P_mr.tfm, P_mr_inverse.tfm and P_mr_overlay.png.
struct MoveFiles {
  fs::path volume, transform, inverse, overlay;
};
MoveFiles move_files(const fs::path& volume);

struct MovePair {
  fs::path fixed, moving;
  VolumeKind kind;  ///< labels and masks take the nearest voxel's value
};

/// Draws `moving` on the fixed grid, once, from its own voxels; writes it, the transform, its inverse if it is linear
/// and a picture of both, each of them that has a name in `files`. `details` goes into the sidecar. Throws Error if the
/// two do not meet.
void write_moved(const MovePair& pair, const MoveFiles& files, const Transform& transform, const Placement& placement,
                 const MoveOptions& options, const Json& details, const Provenance& provenance, Overwrite overwrite);

/// The grid of the fixed volume, or that of other voxels over its field.
Grid move_grid(const fs::path& fixed, const MoveOptions& options);

/// The figures of a registration, for the sidecar.
Json registration_json(const Registration& found, const RegistrationOptions& options);

/// Says that of several starts one alone or none led to the result, "" if more did. That is a reason to look and no
/// doubt(): of scans that lie far apart most starts fail.
std::string lonely(const Registration& found);

}  // namespace gdm::prep
