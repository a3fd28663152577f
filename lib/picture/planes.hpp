// Pictures for a look at the volumes of one case: three planes of each, two volumes upon one another, and many small
// pictures on one sheet.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "image/volume.hpp"
#include "picture/png.hpp"

namespace gdm::picture {

/// A volume with the grey window it is shown in.
struct Shown {
  std::string name;
  const Volume* volume;
  double low, high;
};

/// A row for each volume: the axial, coronal and sagittal slice through the middle of the mask, at one scale, with the
/// outline of the mask where `outline` is set. Conventions of slices.hpp. All on one grid; the mask is not empty.
Picture planes(const std::vector<Shown>& volumes, const Mask& mask, bool outline);

/// Whether two volumes fit: the three planes as a checkerboard of both, and the first one with the edges of the second
/// in colour. The same grid for both; the mask is not empty.
Picture overlay(const Volume& fixed, const Volume& moved, const Mask& mask);

/// Pictures with their titles in rows, each shrunk to `width` pixels; a sheet is at most six wide.
Picture contact_sheet(const std::vector<std::pair<std::string, Picture>>& pictures, int width = 320);

}  // namespace gdm::picture
