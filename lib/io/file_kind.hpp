// What kind of file a name stands for, found without consuming a byte: pipes can be read only once.
#pragma once

#include <filesystem>

namespace gdm {

enum class FileKind {
  volume,      ///< NIfTI, or something that its reader will refuse
  json,        ///< a manifest or a sidecar
  safetensors  ///< a model, bank, encoder or checkpoint
};

/// By name and first bytes; "-" is standard input. Throws Error for a file that cannot be opened, for a folder, and for
/// formats that people try: pictures, DICOM, text, archives.
FileKind file_kind(const std::filesystem::path& path);

}  // namespace gdm
