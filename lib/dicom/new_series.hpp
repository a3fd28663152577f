// A CT that becomes a DICOM series: what is written, and the identifiers that it gets.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "image/volume.hpp"
#include "sys/atomic_file.hpp"

namespace gdm::dicom {

struct NewSeries {
  const Volume* ct_hu = nullptr;  ///< on axes at right angles; slices run along k
  std::filesystem::path like;     ///< a file whose patient, study and frame of reference the series joins
  std::filesystem::path folder;   ///< gets slice_name() of each slice; made if need be
  Overwrite overwrite = Overwrite::refuse;
  std::string description;  ///< of the series
  std::string derivation;   ///< how it came about, with the digest of the model
  // Set by writing:
  std::int64_t clamped = 0;     ///< voxels beyond -1024 to 3071 HU
  std::int64_t not_finite = 0;  ///< voxels that became -1024 HU
};

/// "CT0001.dcm" for k = 0.
std::string slice_name(std::int64_t k);

/// A UID that follows from the text: "2.25." and the decimal digits of 128 bits of its SHA-256, marked as a UUID of
/// version 8 (PS3.5, B.2; RFC 9562). Equal texts give equal UIDs, so that the same series written twice is the same.
std::string uid_of(const std::string& text);

}  // namespace gdm::dicom
