// Frames to series, and series to the volumes that they hold.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dicom/stack.hpp"

namespace gdm::dicom {

/// What will be one volume, or is refused as one.
struct Part {
  Stack stack;
  /// What tells it from the other volumes of its series: {"echo": "2"}; empty if the series holds one volume.
  std::map<std::string, std::string> marks;
};

/// Frames of one patient, study, series, frame of reference, modality, shape and voxel size, and of one direction (to
/// 1e-4 of a unit vector). In the order of series numbers and identifiers, whatever the order of the files.
std::vector<std::vector<Frame>> series_of(const std::vector<Frame>& frames);

/// The volumes of a series. It is one if its slices are even and none lie at one place. Otherwise it is parted by the
/// mark, or marks one after another, of the list in split.cpp that make every part even, or if there is none, that
/// leave no part with slices at one place. What no mark parts stays together and says what is wrong with it.
std::vector<Part> volumes_of(const std::vector<Frame>& series);

}  // namespace gdm::dicom
