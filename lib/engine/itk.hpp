// The ITK-free door to libgdm-itk: what gdm-prep does with DICOM files, and registration. No other
// program opens it.
//
// ITK and GDCM bring a hundred libraries, so they are loaded by the command that needs them alone. A build without them
// (GDM_WITH_ITK=OFF) has no libgdm-itk, and its commands say so.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "dicom/frame.hpp"
#include "dicom/new_series.hpp"
#include "dicom/structures.hpp"
#include "prep/bias_field.hpp"
#include "prep/registration.hpp"

namespace gdm::engine {

/// What libgdm-itk offers.
struct ItkServices {
  /// Looks into a file up to its pixels. Throws nothing for what the file may hold.
  dicom::FileHeader (*read_dicom_header)(const std::filesystem::path&);
  /// The stored values of all frames. Throws Error, which does not name the file, as names may tell of patients.
  dicom::Stored (*read_dicom_pixels)(const std::filesystem::path&);
  /// Writes a CT as a series (itk/dicom_writer.hpp). Throws Error.
  void (*write_dicom_series)(dicom::NewSeries&);
  /// Finds where each point of the first volume lies in the second (itk/registration.hpp). Throws Error.
  prep::Registration (*register_volumes)(const Volume& fixed, const Volume& moving, const prep::RegistrationOptions&);
  /// Where the voxels of a grid lie through transforms of ITK's. Throws Error.
  prep::Placement (*place)(const prep::Transform&, const Grid&);
  /// An RT Structure Set, and the gain of receive coils (itk/structures.hpp, itk/bias_field.hpp). Throw Error.
  std::vector<dicom::Structure> (*read_structures)(const std::filesystem::path&);
  Volume (*bias_field)(const Volume&, const Mask&, const prep::BiasOptions&);
};

/// Loads libgdm-itk on first use. Throws Error if gdm was built without it, or if it does not fit this build.
const ItkServices& itk_services();

}  // namespace gdm::engine
