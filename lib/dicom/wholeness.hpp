// Whether a DICOM file ends before its header does. GDCM as Debian builds it ends the process by an assertion on such
// files, so that they must not reach it.
#pragma once

#include <filesystem>

namespace gdm::dicom {

/// Walks over the elements (PS3.5, chapter 7) up to the pixels. True if one of them, or an item of a sequence, begins
/// or ends beyond the end of the file. False for files that are whole, and for what is not understood: big-endian and
/// deflated files, and headers that break the rules otherwise, which are left to GDCM.
bool header_is_cut(const std::filesystem::path& file);

}  // namespace gdm::dicom
