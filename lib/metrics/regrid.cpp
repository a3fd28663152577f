// Trilinear interpolation; index coordinates advance by a constant step along i, so the affine is applied per row.
#include "metrics/regrid.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

/// Lower voxel and weight of the upper one along an axis; coordinates beyond the outermost centres are clamped.
struct Between {
  std::int64_t low, high;
  double weight;

  Between(double at, std::int64_t n) {
    const double inside = std::clamp(at, 0.0, static_cast<double>(n - 1));
    low = static_cast<std::int64_t>(inside);
    high = std::min(low + 1, n - 1);
    weight = inside - static_cast<double>(low);
  }
};

double value_at(const Volume& volume, const Point3& index) {
  const Index3& shape = volume.grid.shape_ijk;
  const Between i(index[0], shape[0]), j(index[1], shape[1]), k(index[2], shape[2]);
  const auto along_i = [&](std::int64_t jj, std::int64_t kk) {
    const double low = volume.at(i.low, jj, kk);
    // A weight of 0 must not touch a neighbour that is not finite.
    return i.weight > 0 ? low + i.weight * (static_cast<double>(volume.at(i.high, jj, kk)) - low) : low;
  };
  const auto along_j = [&](std::int64_t kk) {
    const double low = along_i(j.low, kk);
    return j.weight > 0 ? low + j.weight * (along_i(j.high, kk) - low) : low;
  };
  const double low = along_j(k.low);
  return k.weight > 0 ? low + k.weight * (along_j(k.high) - low) : low;
}

bool in_field(const Point3& index, const Index3& shape) {
  constexpr double tolerance = 1e-6;  // voxels: grids that meet exactly must not lose their border to rounding
  for (std::size_t a = 0; a < 3; ++a) {
    const double end = static_cast<double>(shape[a]) - 0.5 + tolerance;
    if (index[a] < -0.5 - tolerance || index[a] > end) return false;
  }
  return true;
}

}  // namespace

Regridded regrid(const Volume& volume, const Grid& grid, float fill) {
  Regridded result{Volume(grid, fill), 0};
  const Index3& shape = grid.shape_ijk;
  std::vector<std::int64_t> outside(static_cast<std::size_t>(shape[2]));
  volume.grid.index_of_ras({0, 0, 0});  // a singular affine is reported before threads start
  parallel_for(shape[2], [&](std::int64_t k) {
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      const auto index_at = [&](std::int64_t i) {
        return volume.grid.index_of_ras(
            grid.ras_of_index({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)}));
      };
      const Point3 first = index_at(0), last = index_at(shape[0] - 1);
      const double steps = static_cast<double>(std::max<std::int64_t>(1, shape[0] - 1));
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        const double t = static_cast<double>(i) / steps;
        Point3 index{};
        for (std::size_t a = 0; a < 3; ++a) index[a] = first[a] + t * (last[a] - first[a]);
        if (in_field(index, volume.grid.shape_ijk)) {
          result.volume.at(i, j, k) = static_cast<float>(value_at(volume, index));
        } else {
          ++outside[static_cast<std::size_t>(k)];
        }
      }
    }
  });
  for (const std::int64_t n : outside) result.outside += n;
  return result;
}

}  // namespace gdm::metrics
