#include "image/affine.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sys/error.hpp"

namespace gdm {

Matrix4 identity_map() {
  Matrix4 map{};
  for (std::size_t a = 0; a < 4; ++a) map[a][a] = 1;
  return map;
}

Matrix4 product(const Matrix4& a, const Matrix4& b) {
  Matrix4 result{};
  for (std::size_t r = 0; r < 4; ++r) {
    for (std::size_t c = 0; c < 4; ++c) {
      for (std::size_t n = 0; n < 4; ++n) result[r][c] += a[r][n] * b[n][c];
    }
  }
  return result;
}

Matrix4 inverse(const Matrix4& map) {
  Matrix4 result{};
  double determinant = 0;
  for (std::size_t r = 0; r < 3; ++r) {
    const std::size_t r1 = (r + 1) % 3, r2 = (r + 2) % 3;
    for (std::size_t c = 0; c < 3; ++c) {
      const std::size_t c1 = (c + 1) % 3, c2 = (c + 2) % 3;
      result[c][r] = map[r1][c1] * map[r2][c2] - map[r1][c2] * map[r2][c1];  // cofactors, turned
    }
    determinant += r == 0 ? map[0][0] * result[0][0] + map[0][1] * result[1][0] + map[0][2] * result[2][0] : 0.0;
  }
  if (!(std::abs(determinant) > 1e-12)) throw Error("the transform is singular, so it has no inverse");
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c) result[r][c] /= determinant;
  }
  for (std::size_t r = 0; r < 3; ++r) {
    result[r][3] = -(result[r][0] * map[0][3] + result[r][1] * map[1][3] + result[r][2] * map[2][3]);
  }
  result[3] = {0, 0, 0, 1};
  return result;
}

Point3 map_point(const Matrix4& map, const Point3& p) {
  Point3 result{};
  for (std::size_t r = 0; r < 3; ++r) result[r] = map[r][0] * p[0] + map[r][1] * p[1] + map[r][2] * p[2] + map[r][3];
  return result;
}

Matrix4 taking(const Matrix4& linear, const Point3& from, const Point3& to) {
  Matrix4 map = linear;
  for (std::size_t a = 0; a < 3; ++a) map[a][3] = 0;
  const Point3 at = map_point(map, from);
  for (std::size_t a = 0; a < 3; ++a) map[a][3] = to[a] - at[a];
  return map;
}

Matrix4 between_lps_and_ras(const Matrix4& map) {
  Matrix4 result = map;
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 4; ++c) {
      if ((r < 2) != (c < 2)) result[r][c] = 0.0 - map[r][c];  // 0 stays 0, without a sign in files
    }
  }
  return result;
}

Grid placed(const Grid& moving, const Matrix4& fixed_to_moving_ras_mm) {
  Grid result = moving;
  result.ijk_to_ras_mm = product(inverse(fixed_to_moving_ras_mm), moving.ijk_to_ras_mm);
  return result;
}

Point3 centre_ras_mm(const Grid& grid) {
  Point3 index{};
  for (std::size_t a = 0; a < 3; ++a) index[a] = 0.5 * static_cast<double>(grid.shape_ijk[a] - 1);
  return grid.ras_of_index(index);
}

Grid world_aligned(const Grid& grid, double spacing_mm) {
  Point3 low{}, high{};
  low.fill(std::numeric_limits<double>::infinity());
  high.fill(-std::numeric_limits<double>::infinity());
  for (int corner = 0; corner < 8; ++corner) {
    Point3 index{};
    for (std::size_t a = 0; a < 3; ++a) {
      index[a] = (corner >> a & 1) != 0 ? static_cast<double>(grid.shape_ijk[a]) - 0.5 : -0.5;
    }
    const Point3 ras = grid.ras_of_index(index);
    for (std::size_t a = 0; a < 3; ++a) {
      low[a] = std::min(low[a], ras[a]);
      high[a] = std::max(high[a], ras[a]);
    }
  }
  Grid result = grid;
  result.ijk_to_ras_mm = identity_map();
  for (std::size_t a = 0; a < 3; ++a) {
    const double voxels = std::max(1.0, std::ceil((high[a] - low[a]) / spacing_mm - 0.01));
    result.shape_ijk[a] = static_cast<std::int64_t>(voxels);
    result.ijk_to_ras_mm[a][a] = spacing_mm;
    result.ijk_to_ras_mm[a][3] = 0.5 * (low[a] + high[a] - (voxels - 1) * spacing_mm);
  }
  return result;
}

}  // namespace gdm
