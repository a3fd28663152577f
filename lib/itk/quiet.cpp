#include "itk/quiet.hpp"

#include <gdcmTrace.h>

#include <cstring>
#include <fstream>

namespace gdm::itk_part {

void silence_gdcm() {
  static const bool once = [] {
    gdcm::Trace::WarningOff();
    gdcm::Trace::ErrorOff();
    gdcm::Trace::DebugOff();
    return true;
  }();
  static_cast<void>(once);
}

bool may_be_dicom(const std::filesystem::path& file) {
  char start[132] = {};
  std::ifstream stream(file, std::ios::binary);
  stream.read(start, sizeof start);
  if (stream.gcount() == sizeof start && std::memcmp(start + 128, "DICM", 4) == 0) return true;
  return stream.gcount() == sizeof start && (start[0] == 8 || start[0] == 2) && start[1] == 0 && start[3] == 0;
}

}  // namespace gdm::itk_part
