// `gdm-prep to-dicom`: a CT back to the system that its MR or CT came from.
#pragma once

#include <filesystem>
#include <string>

#include "cli/app.hpp"

namespace gdm::cli {

struct ToDicomCommand {
  std::filesystem::path ct, like, output;
  std::string description = "synthetic CT, gdm";
};
void add_to_dicom_options(CLI::App& command, ToDicomCommand& to_dicom);

/// Returns the exit code. Throws Error.
int run_to_dicom(const Program& program, const ToDicomCommand& to_dicom);

}  // namespace gdm::cli
