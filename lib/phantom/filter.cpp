#include "phantom/filter.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "sys/parallel.hpp"

namespace gdm::phantom {
namespace {

/// Rows that lie side by side, `size` values each and `stride` apart, each blurred with its neighbours: what runs fast
/// in memory is the inner loop.
void smooth_rows(float* first, std::int64_t count, std::int64_t stride, std::int64_t size, float side) {
  std::vector<float> before(first, first + size);
  for (std::int64_t m = 1; m + 1 < count; ++m) {
    float* here = first + m * stride;
    const float* after = here + stride;
    for (std::int64_t n = 0; n < size; ++n) {
      const float value = here[n];
      here[n] = (1 - 2 * side) * value + side * (before[static_cast<std::size_t>(n)] + after[n]);
      before[static_cast<std::size_t>(n)] = value;
    }
  }
}

void smooth_line(float* line, std::int64_t count, float side) {
  float before = line[0];
  for (std::int64_t m = 1; m + 1 < count; ++m) {
    const float here = line[m];
    line[m] = (1 - 2 * side) * here + side * (before + line[m + 1]);
    before = here;
  }
}

}  // namespace

void smooth_axis(Voxels<float>& voxels, const Index3& shape, std::size_t axis, float side) {
  const std::int64_t ni = shape[0], nj = shape[1], nk = shape[2];
  if (axis == 2) {
    parallel_for(nj, [&](std::int64_t j) { smooth_rows(voxels.data() + j * ni, nk, ni * nj, ni, side); });
    return;
  }
  parallel_for(nk, [&](std::int64_t k) {
    float* slice = voxels.data() + k * ni * nj;
    if (axis == 1) {
      smooth_rows(slice, nj, ni, ni, side);
    } else {
      for (std::int64_t j = 0; j < nj; ++j) smooth_line(slice + j * ni, ni, side);
    }
  });
}

void smooth_mm(Volume& volume, double sigma_mm) {
  const Point3 spacing_mm = volume.grid.spacing_mm();
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double variance = sigma_mm * sigma_mm / (spacing_mm[axis] * spacing_mm[axis]);
    const auto times = std::max<std::int64_t>(1, std::llround(std::ceil(2 * variance)));
    const auto side = static_cast<float>(variance / (2 * static_cast<double>(times)));
    for (std::int64_t n = 0; n < times; ++n) smooth_axis(volume.voxels, volume.grid.shape_ijk, axis, side);
  }
}

}  // namespace gdm::phantom
