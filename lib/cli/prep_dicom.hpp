// `gdm-prep dicom`: the library's dicom/ with the reader of libgdm-itk, and what it writes.
#pragma once

#include <string>
#include <vector>

#include "cli/app.hpp"

namespace gdm::cli {

struct DicomCommand {
  std::vector<std::filesystem::path> folders;
  std::filesystem::path output, salt_file, map;
  std::string shared_id = "refuse";
  bool keep_tilt = false, resample_gaps = false, keep_going = false;
};
void add_dicom_options(CLI::App& command, DicomCommand& dicom);

/// Returns the exit code. Throws Error.
int run_dicom(const Program& program, const DicomCommand& dicom);

}  // namespace gdm::cli
