// The smooth gain of receive coils, by ITK's N4 (Tustison et al. 2010, IEEE TMI 29, p. 1310).
#pragma once

#include "image/volume.hpp"
#include "prep/bias_field.hpp"

namespace gdm::itk_part {

/// The gain at each voxel of `image`, scaled to a mean logarithm of 0 in the mask. It is sought on voxels of
/// `options.voxel_mm` and interpolated. Throws Error if nothing lies in the mask or all of it is not above 0.
Volume bias_field(const Volume& image, const Mask& mask, const prep::BiasOptions& options);

}  // namespace gdm::itk_part
