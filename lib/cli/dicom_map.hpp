// The file of `gdm-prep dicom --id-map`: what the pseudonyms stand for, and which files were left out. It names
// patients.
#pragma once

#include "dicom/survey.hpp"
#include "sys/atomic_file.hpp"

namespace gdm::cli {

class DicomMap {
 public:
  /// Whether the run has made any volume, or begun to: what names stand for must not be lost as long as one is there.
  enum class Volumes { none, some };

  /// No map for an empty path. Throws Error if the file cannot be written or, unless `overwrite` is replace, stands for
  /// volumes that are there; that of a run that made none is replaced.
  DicomMap(std::filesystem::path path, Overwrite overwrite, bool dry_run);

  /// Written before volumes are, as it says which files keep the run from making any, and again after. The owner alone
  /// can read it.
  void write(const dicom::Survey& found, Volumes volumes);

 private:
  std::filesystem::path path_;
  Overwrite overwrite_;
  bool dry_run_;
};

}  // namespace gdm::cli
