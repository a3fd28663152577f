#include "image/volume.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "image/vectors.hpp"
#include "sys/error.hpp"

namespace gdm {
namespace {

double determinant(const Matrix4& m) {
  return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
         m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

Point3 column(const Matrix4& m, std::size_t c) {
  return {m[0][c], m[1][c], m[2][c]};
}

}  // namespace

std::int64_t voxel_count(const Index3& shape_ijk) {
  return shape_ijk[0] * shape_ijk[1] * shape_ijk[2];
}

Grid Grid::centred(const Index3& shape_ijk, const Point3& spacing_mm) {
  Grid grid;
  grid.shape_ijk = shape_ijk;
  const std::array<double, 3> sign{-1.0, 1.0, 1.0};
  for (std::size_t a = 0; a < 3; ++a) {
    grid.ijk_to_ras_mm[a][a] = sign[a] * spacing_mm[a];
    grid.ijk_to_ras_mm[a][3] = -sign[a] * spacing_mm[a] * 0.5 * static_cast<double>(shape_ijk[a] - 1);
  }
  grid.ijk_to_ras_mm[3][3] = 1.0;
  return grid;
}

Point3 Grid::spacing_mm() const {
  return {length(column(ijk_to_ras_mm, 0)), length(column(ijk_to_ras_mm, 1)), length(column(ijk_to_ras_mm, 2))};
}

double Grid::mean_edge_mm() const {
  const Point3 edges = spacing_mm();
  return std::cbrt(edges[0] * edges[1] * edges[2]);
}

double Grid::voxel_mm3() const {
  return std::abs(determinant(ijk_to_ras_mm));
}

double Grid::anisotropy() const {
  const Point3 edges = spacing_mm();
  return *std::max_element(edges.begin(), edges.end()) / *std::min_element(edges.begin(), edges.end());
}

Point3 Grid::ras_of_index(const Point3& index) const {
  Point3 ras{};
  for (std::size_t r = 0; r < 3; ++r) {
    ras[r] = ijk_to_ras_mm[r][0] * index[0] + ijk_to_ras_mm[r][1] * index[1] + ijk_to_ras_mm[r][2] * index[2] +
             ijk_to_ras_mm[r][3];
  }
  return ras;
}

Point3 Grid::index_of_ras(const Point3& ras_mm) const {
  const double det = determinant(ijk_to_ras_mm);
  const Point3 spacing = spacing_mm();
  if (!(std::abs(det) > 1e-9 * spacing[0] * spacing[1] * spacing[2])) {
    throw Error("the affine is singular, so positions have no voxel index");
  }
  Point3 shifted{};
  for (std::size_t r = 0; r < 3; ++r) shifted[r] = ras_mm[r] - ijk_to_ras_mm[r][3];
  Point3 index{};
  for (std::size_t c = 0; c < 3; ++c) {  // Cramer's rule
    Matrix4 replaced = ijk_to_ras_mm;
    for (std::size_t r = 0; r < 3; ++r) replaced[r][c] = shifted[r];
    index[c] = determinant(replaced) / det;
  }
  return index;
}

std::string Grid::orientation() const {
  // The assignment of axes to directions with the largest product of cosines. Unlike each axis' own main direction it
  // names every direction once, however oblique or sheared the axes, and no cosine is 0 unless the affine is singular.
  static constexpr std::size_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  const std::size_t* best = orders[0];
  double largest = 0;
  for (const auto& order : orders) {
    double product = 1;  // the spacings are a factor of all six
    for (std::size_t a = 0; a < 3; ++a) product *= std::abs(ijk_to_ras_mm[order[a]][a]);
    if (product > largest * (1 + 1e-9)) {  // rounding decides no tie
      largest = product;
      best = order;
    }
  }
  static constexpr char positive[] = {'R', 'A', 'S'}, negative[] = {'L', 'P', 'I'};
  std::string letters;
  for (std::size_t a = 0; a < 3; ++a) {
    letters += ijk_to_ras_mm[best[a]][a] >= 0 ? positive[best[a]] : negative[best[a]];
  }
  return letters;
}

bool Grid::is_orthogonal() const {
  const Point3 spacing = spacing_mm();
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = a + 1; b < 3; ++b) {
      const double cosine = inner(column(ijk_to_ras_mm, a), column(ijk_to_ras_mm, b)) / (spacing[a] * spacing[b]);
      if (!(std::abs(cosine) < 1e-4)) return false;
    }
  }
  return true;
}

std::string describe(const Grid& grid) {
  const Point3 s = grid.spacing_mm();
  return fmt::format("{} x {} x {} voxels of {:.4g} x {:.4g} x {:.4g} mm, {}", grid.shape_ijk[0], grid.shape_ijk[1],
                     grid.shape_ijk[2], s[0], s[1], s[2], grid.orientation());
}

}  // namespace gdm
