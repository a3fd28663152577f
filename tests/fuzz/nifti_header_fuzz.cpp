// Any bytes as a NIfTI header: an Error, or a header whose sizes and grid are usable and that can be written again.
#include <cmath>
#include <cstdlib>

#include "io/nifti/header.hpp"
#include "sys/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const gdm::NiftiHeader header = gdm::parse_nifti_header(data, size);
    const gdm::Grid& grid = header.info.grid;
    if (header.data_bytes != static_cast<std::uint64_t>(grid.voxels()) * header.voxel_bytes) std::abort();
    if (header.total_bytes() < header.data_bytes || !std::isfinite(grid.index_of_ras({0, 0, 0})[0])) std::abort();
    const auto written = gdm::nifti1_header(grid, 4);
    const gdm::NiftiHeader again = gdm::parse_nifti_header(written.data(), written.size());
    if (again.info.grid.shape_ijk != grid.shape_ijk) std::abort();
  } catch (const gdm::Error&) {
  }
  return 0;
}
