// Slices in the order in which they lie, and whether they make a volume.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "dicom/frame.hpp"

namespace gdm::dicom {

/// Parallel slices along their common normal, i x j of their directions. Positions are millimetres along it, from the
/// frame that lies lowest.
struct Stack {
  std::vector<std::vector<Frame>> slices;  ///< from low to high; more than one frame where slices lie at one place
  std::vector<double> positions_mm;
  double step_mm = 0;            ///< the median distance between neighbours
  std::array<double, 2> lean{};  ///< how far slices move along i and j for each millimetre along the normal
  std::string doubled;           ///< where several frames lie at one place, in words; "" if nowhere
  std::string uneven;            ///< where slices are missing or unevenly spaced; "" if they are even
  std::string fault;             ///< what makes it no volume at all: one slice, slices that slide about
  double lean_degrees = 0;       ///< of a gantry tilt; 0 unless leans()

  bool leans() const { return lean_degrees != 0; }
};

/// Slices are even if none lies more than grid_tolerance_voxels() off its place between the first and the last, so
/// that rounding in the files (noise of 1e-5 mm, positions with two digits) is none. They lean if the last lies beside
/// the first by more than that, and the axes are off the right angle by more than Grid::is_orthogonal() takes.
/// `frames` is not empty; all have the directions of the first.
Stack stack_of(const std::vector<Frame>& frames);

/// The grid of the slices as they lie, on whose axes a leaning stack is sheared. Only for even stacks without fault.
Grid grid_of(const Stack& stack);

/// Even positions from the first slice to the last, the median distance apart or as near to it as whole steps allow;
/// for stacks with gaps.
std::vector<double> even_positions_mm(const Stack& stack);

/// A grid with axes at right angles that holds all slices of a leaning stack: the same rows, columns and positions,
/// wide enough for the slices as they move along.
Grid upright(const Stack& stack);

/// Unit normal of a slice.
Point3 normal_lps(const Frame& frame);

}  // namespace gdm::dicom
