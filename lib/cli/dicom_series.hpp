// A series of DICOM images that a command is given beside its input.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "dicom/frame.hpp"

namespace gdm::cli {

/// All frames of the one series that lies in a folder, or of a file. `option` is how the folder was given. Throws
/// Error.
std::vector<dicom::Frame> frames_of_one_series(const std::string& option, const std::filesystem::path& path);

}  // namespace gdm::cli
