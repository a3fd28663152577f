// Whether the values of a CT can be Hounsfield units: the one check of all programs that read a CT.
//
// Scaled CT (0..1, 0..255, z-scores, HU / 1000), unsigned CT (HU + 1024, with padding or without), attenuation, and MR
// or labels in a CT's place give figures that look like any other, so they are refused by what they lack: air and soft
// tissue where HU have them. Volumes that hold neither (a crop inside bone, a water phantom) need --assume-hu.
#pragma once

#include <cstddef>
#include <limits>
#include <string>

#include "image/volume.hpp"

namespace gdm {

/// What the checks look at: finite voxels, all of them and those of a kind. Of volumes that come in parts as well.
struct HuCounts {
  HuCounts() = default;
  explicit HuCounts(const Voxels<float>& voxels);
  void add(const float* voxels, std::size_t count);

  float least = std::numeric_limits<float>::infinity(), most = -std::numeric_limits<float>::infinity();
  double all = 0, at_least = 0, not_air = 0, shifted = 0, bright = 0, at_air = 0, below = 0, above_padding = 0;
  double tissue = 0, metal = 0, air = 0, beyond = 0;

  /// Without the voxels of the least value, if it lies there: padding.
  double below_but_padding() const;
  double beyond_but_padding() const;
};

/// What was seen and what HU would be, such as "values from 0 to 1, none below 0 (air has about -1000 HU): ..."; empty
/// if the voxels can be HU. Voxels that are not finite are left out.
std::string hu_problem(const Voxels<float>& voxels);

/// Whether the voxels look like a CT in HU rather than like an image of another kind: no hu_problem(), air outside or
/// inside the patient, and hardly anything that no CT has.
bool looks_like_hu(const Voxels<float>& voxels);
/// For inputs of a network that learnt from images without values below 0, such as MR: throws Error if the volume looks
/// like a CT.
void require_no_ct(const Volume& image, const std::string& what);

/// --assume-hu: whatever the values are, the user says that they are HU.
bool assume_hu();
void set_assume_hu(bool assume);

/// Throws Error if no two finite voxels differ: nothing of a patient can be in it, whatever its scale.
void require_varied(const Volume& image, const std::string& what);

/// Throws Error "WHAT is not in HU: ..." with the way on; `what` begins with the file's name.
void require_hu(const Volume& ct, const std::string& what);
/// The same as a warning, for volumes that may be poor.
void warn_unless_hu(const Volume& ct, const std::string& what);
/// For inputs of a network that takes HU: throws Error if the scale is not that of HU, as an MR's, and warns as
/// warn_unless_hu() of what a poor reconstruction may have.
void require_hu_scale(const Volume& ct, const std::string& what);
void require_hu_scale(const HuCounts& counts, const std::string& what);
/// A warning for predictions, which are graded whatever they hold and may be poor: only if their scale is not that of
/// HU.
void warn_unless_hu_scale(const Volume& ct, const std::string& what);

}  // namespace gdm
