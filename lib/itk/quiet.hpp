// What every reader of DICOM begins with.
#pragma once

#include <filesystem>

namespace gdm::itk_part {

/// GDCM tells the terminal what it finds in files, which is for nobody.
void silence_gdcm();

/// "DICM" behind the preamble, or, as old files have it, the first group of a data set at once.
bool may_be_dicom(const std::filesystem::path& file);

}  // namespace gdm::itk_part
