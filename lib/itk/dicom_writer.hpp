// A CT as a DICOM series of the class CT Image Storage, by GDCM.
#pragma once

#include "dicom/new_series.hpp"

namespace gdm::itk_part {

/// Writes the slices as unsigned 12 bits with intercept -1024, which every planning system reads: values are rounded to
/// whole HU and clamped to -1024 .. 3071. Patient, study, frame of reference and patient position come from `like`;
/// series and instances get UIDs that follow from the voxels, their grid, the study and the derivation. Throws Error,
/// and then leaves no slice.
void write_dicom_series(dicom::NewSeries& series);

}  // namespace gdm::itk_part
