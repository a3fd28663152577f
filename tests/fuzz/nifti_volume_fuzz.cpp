// Any bytes as a file with a volume: an Error, or a volume whose boxes by position or from memory are cut from it.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "io/nifti/nifti.hpp"
#include "io/nifti/volume_reader.hpp"
#include "sys/error.hpp"
#include "sys/log.hpp"
#include "sys/parallel.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  gdm::set_thread_count(1);
  gdm::set_log_level(gdm::LogLevel::quiet);
  const int descriptor = ::memfd_create("volume", MFD_CLOEXEC);
  if (descriptor < 0 || ::write(descriptor, data, size) != static_cast<ssize_t>(size)) return 0;
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  try {
    const gdm::Volume whole = gdm::read_volume(path);
    const auto& n = whole.grid.shape_ijk;
    const gdm::Index3 first{n[0] / 2, n[1] / 3, n[2] - 1}, shape{n[0] - first[0], (n[1] + 1) / 2, 1};
    const gdm::Volume box = gdm::VolumeReader(path).read(first, shape);
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      const float* expected = &whole.voxels[whole.offset(first[0], first[1] + j, first[2])];
      const auto bytes = static_cast<std::size_t>(shape[0]) * sizeof(float);
      if (std::memcmp(&box.voxels[box.offset(0, j, 0)], expected, bytes) != 0) std::abort();
    }
  } catch (const gdm::Error&) {
  }
  ::close(descriptor);
  return 0;
}
