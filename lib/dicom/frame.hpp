// What gdm knows of a DICOM image before its pixels are read. Files are read in libgdm-itk (itk/dicom_reader.cpp);
// everything that follows from the headers, which series there are and whether their slices make a volume, is decided
// in this room, which knows no DICOM library.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "image/volume.hpp"

namespace gdm::dicom {

/// One plane: a file, or one frame of a multi-frame file.
struct Frame {
  std::filesystem::path file;
  std::int64_t number = 0;  ///< within the file, from 0

  // Whose it is: these group frames, and never leave the process but as salted hashes (pseudonym.hpp).
  std::string patient;  ///< patient ID with its issuer; the study if there is none
  std::string person;   ///< name, birth date and sex, to tell two patients with one ID
  std::string study_uid, series_uid, frame_of_reference_uid;

  std::string modality;  ///< "CT" or "MR"
  bool localiser = false;
  std::int64_t series_number = 0;
  Index3 shape_ijk{0, 0, 1};   ///< columns, rows, 1
  Point3 spacing_mm{0, 0, 0};  ///< between columns (along i) and between rows (along j); the third is not used
  Point3 i_lps{}, j_lps{};     ///< unit vectors in which the column and the row index increase
  Point3 position_lps_mm{};    ///< centre of voxel (0, 0)

  double slope = 1, intercept = 0;  ///< value = slope * stored + intercept
  bool has_rescale = false;
  std::optional<double> padding, padding_limit;  ///< stored values from the one to the other are no measurements

  /// What may tell volumes of one series apart, by name: "acquisition", "echo", ... (split.cpp has the order).
  std::map<std::string, std::string> marks;
  /// How it was measured, under BIDS' names and in BIDS' units: "RepetitionTime" in s, "FlipAngle" in degrees, ...
  std::map<std::string, double> parameters;
  std::string damage;  ///< why its pixels cannot be read, as far as the header tells; "" if nothing is wrong
};

/// FileHeader::left_out of a file that is none.
constexpr const char* no_dicom = "not DICOM";

/// A file, looked into. Either frames, or the reason why there are none, in words that identify nobody.
struct FileHeader {
  std::vector<Frame> frames;  ///< with a damage they are lost, and tell of which series
  std::string left_out;       ///< "not DICOM", "a colour image", "a DICOM directory", ...
  std::string damage;         ///< "a DICOM file that is cut or damaged": what was meant to be an image is lost
  bool unread = false;        ///< of a damage: empty or not to be opened, so that it may never have been an image
};

/// The stored values of all frames of a file, before rescaling; frame f begins at f * columns * rows.
using Stored = Voxels<std::int32_t>;

}  // namespace gdm::dicom
