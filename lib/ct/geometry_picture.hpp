// A drawing of a scan, so that a wrong sign or a wrong unit is seen before hours are spent on it.
#pragma once

#include "ct/geometry.hpp"
#include "picture/png.hpp"

namespace gdm::ct {

/// The set-up to scale: across the axis, seen from the feet with the patient's left on the right, and from the
/// patient's left side. Sources of all views, detector and edge rays of the first, and the field of view. A parallel
/// beam's source is infinitely far; its rays are drawn through the field of view.
picture::Picture picture_of(const PosedScan& scan);

}  // namespace gdm::ct
