// The JSON beside a volume, where it may be another program's: dcm2niix and the tools of BIDS use the same names.
#pragma once

#include <filesystem>

#include "io/json.hpp"

namespace gdm {

/// read_sidecar() if it is one of gdm, else null: a file that is no JSON is ignored with a line that says so, and JSON
/// of another program without one, as it stands beside most volumes. Throws Error if it cannot be read and the volume's
/// header says that gdm wrote the volume, for then it wrote the sidecar, too.
Json known_sidecar(const std::filesystem::path& volume_path);

}  // namespace gdm
