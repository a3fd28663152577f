// Slices of a case as pictures need them: cut out of the volumes, turned upright, resampled to square pixels.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "image/volume.hpp"
#include "picture/png.hpp"

namespace gdm::picture {

/// How a plane of a grid is shown: voxel axes that run across and down the picture, and whether they run backwards.
struct Orientation {
  std::size_t across = 0, down = 1, normal = 2;
  bool flip_across = false, flip_down = false;
};

/// "axial", "coronal" or "sagittal" in radiological convention (see montage()). Throws Error if the grid is turned so
/// far that two of its axes run along the same anatomical direction.
Orientation orientation_of(const Grid& grid, const std::string& plane);

/// A slice with its voxels' size; row major, first row on top. Unlike volumes, x runs across and y down.
struct Slice {
  std::int64_t width = 0, height = 0;
  double width_mm = 1.0, height_mm = 1.0;  ///< of one voxel
  std::vector<float> values;
};

Slice cut(const Volume& volume, const Orientation& view, std::int64_t index);
Slice cut(const Mask& mask, const Orientation& view, std::int64_t index);

/// Middle of the mask's extent along the normal axis; the mask is not empty.
std::int64_t middle_index(const Mask& mask, const Orientation& view);

/// A rectangle in millimetres from the top left corner of a slice.
struct Box {
  double left_mm = 0, top_mm = 0, right_mm = 0, bottom_mm = 0;
};

/// Box around the non-zero voxels with a margin, within the slice; the whole slice if there are none.
Box box_around(const Slice& mask, double margin_mm);

/// Bilinear value at a position in millimetres from the top left corner; positions outside take the nearest voxel.
float value_at(const Slice& slice, double x_mm, double y_mm);

/// Black at `low` and below to white at `high` and above; magenta for a value that is not finite.
Rgb grey_of(double value, double low, double high);

/// White at 0; through light and full to dark blue (negative) and red (positive) at -1 and 1 and beyond.
Rgb error_colour(double t);

/// Of an error map outside the mask.
constexpr Rgb outside_colour{226, 228, 231};

/// 1st to 99.5th percentile inside the mask, which is not empty: a window for volumes in arbitrary units.
std::pair<double, double> window_of(const Volume& volume, const Mask& mask);

}  // namespace gdm::picture
