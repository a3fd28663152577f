#include <zlib.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "io/nifti/header.hpp"
#include "rivals.hpp"
#include "sys/error.hpp"

namespace gdm_bench {
namespace {

using GzipFile = std::unique_ptr<gzFile_s, decltype(&gzclose)>;

GzipFile opened(const std::filesystem::path& path, const char* mode) {
  GzipFile file(gzopen(path.c_str(), mode), gzclose);
  if (file == nullptr) throw gdm::Error(path.string() + ": cannot be opened");
  gzbuffer(file.get(), 1 << 18);
  return file;
}

}  // namespace

void zlib_write(const std::filesystem::path& path, const gdm::Volume& volume, int level) {
  const auto header = gdm::nifti1_header(volume.grid, 4);
  std::vector<std::int16_t> stored(volume.voxels.begin(), volume.voxels.end());
  const GzipFile file = opened(path, level == 0 ? "wbT" : level == 1 ? "wb1" : "wb6");
  const auto bytes = static_cast<unsigned>(stored.size() * sizeof(std::int16_t));
  gzwrite(file.get(), header.data(), static_cast<unsigned>(header.size()));
  if (gzwrite(file.get(), stored.data(), bytes) != static_cast<int>(bytes)) throw gdm::Error("short write");
}

gdm::Voxels<float> zlib_read(const std::filesystem::path& path) {
  const GzipFile file = opened(path, "rb");
  std::vector<std::uint8_t> start(352);
  if (gzread(file.get(), start.data(), 352) != 352) throw gdm::Error("short read");
  const gdm::Grid grid = gdm::parse_nifti_header(start.data(), start.size()).info.grid;
  std::vector<std::int16_t> stored(static_cast<std::size_t>(grid.voxels()));
  const auto bytes = static_cast<unsigned>(stored.size() * sizeof(std::int16_t));
  if (gzread(file.get(), stored.data(), bytes) != static_cast<int>(bytes)) throw gdm::Error("short read");
  return {stored.begin(), stored.end()};
}

}  // namespace gdm_bench
