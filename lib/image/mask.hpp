// Body masks for volumes that come without one.
#pragma once

#include "image/volume.hpp"

namespace gdm {

/// The patient in a CT: voxels above `threshold_hu`, the largest 6-connected component of them, holes filled in each
/// axial slice, so that airways, sinuses and lungs count as inside. A slice is axial if the axis across it is the one
/// that Grid::orientation() takes for superior-inferior, and all is done in standard_orientation: the mask is the same
/// set of points in the patient however the file orders and flips the axes (but for axes at 45 degrees to the patient,
/// of which the order decides). Empty if nothing lies above the threshold.
Mask body_mask_from_ct(const Volume& ct_hu, float threshold_hu = -400.0F);

/// The largest 6-connected component, with holes filled in each axial slice, in the orientation and with the words of
/// body_mask_from_ct(). Of equal components the first. Empty if the mask is.
Mask largest_filled(Mask mask);

/// The same for scans with a table or a head holder that touches the patient: what is thinner than twice `thinnest_mm`
/// in an axial slice (shells of tables and holders, tubes, but also ears and walls of sinuses) is body only if it joins
/// it within three times `thinnest_mm` of what is thicker. Borders of the image are no surfaces.
Mask body_mask_beside_table(const Volume& ct_hu, float threshold_hu = -400.0F, double thinnest_mm = 4);

/// The patient in an image of no fixed scale, such as MR: voxels above half the way from the mean of the background to
/// the threshold of Otsu (1979, IEEE Trans. SMC 9, p. 62), of a histogram up to the 99th percentile; then as
/// body_mask_beside_table(). Noise and dark tissue share values, so thin dark parts at the outline (cortical bone, air
/// in sinuses) are not seen. Empty if all voxels have one value.
Mask body_mask_from_image(const Volume& image, double thinnest_mm = 4);

/// With all voxels that lie within `reach_mm` of the mask in its slices along k, by the distance of centres.
Mask widened(const Mask& mask, double reach_mm);

std::int64_t count_inside(const Mask& mask);

/// What CT has where there is no patient.
constexpr float air_hu = -1024.0F;

/// The volume with `value` in place of every voxel outside the mask, so that what looks at windows or surfaces sees
/// nothing that does not count. Throws Error, naming both shapes, unless they have the same number of voxels along each
/// axis.
Volume with_outside(Volume volume, const Mask& mask, float value = air_hu);

}  // namespace gdm
