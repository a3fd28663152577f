// Any text as a manifest: an Error, or a manifest that is written and read again without change.
#include <cstdlib>

#include "io/manifest.hpp"
#include "sys/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  gdm::Manifest manifest;
  try {
    manifest = gdm::parse_manifest(text, "/data/set");
  } catch (const gdm::Error&) {
    return 0;
  }
  const std::string written = gdm::manifest_text(manifest, "/data/set");
  if (gdm::manifest_text(gdm::parse_manifest(written, "/data/set"), "/data/set") != written) std::abort();
  return 0;
}
