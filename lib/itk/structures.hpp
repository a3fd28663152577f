// RT Structure Sets by GDCM.
#pragma once

#include <filesystem>

#include "dicom/structures.hpp"

namespace gdm::itk_part {

/// Throws Error, without the name of the file, if it is no RT Structure Set or cut.
std::vector<dicom::Structure> read_structures(const std::filesystem::path& file);

}  // namespace gdm::itk_part
