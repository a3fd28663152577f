// DICOM files by GDCM: what the headers say, and stored pixels. Neither messages nor names of files leave here, as both
// may tell of patients.
#pragma once

#include <filesystem>

#include "dicom/frame.hpp"

namespace gdm::itk_part {

/// See engine::ItkServices. Images of CT and MR, classic, enhanced and legacy-converted; everything else is left out
/// with its reason. Throws nothing for what a file holds.
dicom::FileHeader read_dicom_header(const std::filesystem::path& file);
dicom::Stored read_dicom_pixels(const std::filesystem::path& file);

}  // namespace gdm::itk_part
