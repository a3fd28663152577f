#include "io/known_sidecar.hpp"

#include <string>

#include "io/sidecar.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"

namespace gdm {
namespace {

/// Of a sidecar that cannot be read: whether gdm wrote it, as it did the volume.
bool was_ours(const fs::path& volume_path) {
  try {
    return read_nifti_info(volume_path).description.rfind("gdm ", 0) == 0;
  } catch (const Error&) {
    return false;
  }
}

}  // namespace

Json known_sidecar(const fs::path& volume_path) {
  Json sidecar;
  try {
    sidecar = read_sidecar(volume_path);
  } catch (const Error& error) {
    if (was_ours(volume_path)) throw;
    log_info(std::string(error.what()) + "; ignored, as it is no sidecar of gdm");
  }
  const bool ours = sidecar.is_object() && sidecar.contains("gdm") && sidecar["gdm"].is_object();
  return ours ? sidecar : Json(nullptr);
}

}  // namespace gdm
