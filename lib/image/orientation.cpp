#include "image/orientation.hpp"

#include <fmt/format.h>

#include "sys/error.hpp"

namespace gdm {
namespace {

constexpr std::array<double, 3> lps_sign{-1.0, -1.0, 1.0};

/// World axis (0 right-left, 1 anterior-posterior, 2 superior-inferior) of a letter, and its sign in RAS; axis 3 for
/// any other character.
struct Direction {
  std::size_t world;
  bool negative;
};

Direction direction_of(char letter) {
  const std::string positive = "RAS", negative = "LPI";
  const std::size_t plus = positive.find(letter), minus = negative.find(letter);
  if (plus != std::string::npos) return {plus, false};
  return {minus != std::string::npos ? minus : 3, true};
}

}  // namespace

Point3 lps_of_ras(const Point3& ras_mm) {
  return {-ras_mm[0], -ras_mm[1], ras_mm[2]};
}

Point3 ras_of_lps(const Point3& lps_mm) {
  return {-lps_mm[0], -lps_mm[1], lps_mm[2]};
}

ItkGeometry itk_geometry(const Grid& grid) {
  ItkGeometry geometry;
  geometry.size_ijk = grid.shape_ijk;
  geometry.origin_lps_mm = lps_of_ras(grid.ras_of_index({0, 0, 0}));
  geometry.spacing_mm = grid.spacing_mm();
  for (std::size_t axis = 0; axis < 3; ++axis) {
    const double spacing = geometry.spacing_mm[axis];
    if (!(spacing > 0)) throw Error(fmt::format("axis {} has length {} mm, expected more", axis + 1, spacing));
    for (std::size_t r = 0; r < 3; ++r) {
      geometry.direction_lps[r][axis] = lps_sign[r] * grid.ijk_to_ras_mm[r][axis] / spacing;
    }
  }
  return geometry;
}

Grid grid_of_itk(const ItkGeometry& geometry) {
  Grid grid;
  grid.shape_ijk = geometry.size_ijk;
  const Point3 origin_ras_mm = ras_of_lps(geometry.origin_lps_mm);
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      grid.ijk_to_ras_mm[r][axis] = lps_sign[r] * geometry.direction_lps[r][axis] * geometry.spacing_mm[axis];
    }
    grid.ijk_to_ras_mm[r][3] = origin_ras_mm[r];
  }
  grid.ijk_to_ras_mm[3][3] = 1.0;
  return grid;
}

AxisMap axis_map(const Grid& from, const std::string& letters) {
  std::array<bool, 3> named{};
  for (const char letter : letters) {
    const Direction direction = direction_of(letter);
    if (direction.world < 3) named[direction.world] = true;
  }
  if (letters.size() != 3 || !named[0] || !named[1] || !named[2]) {
    throw Error(fmt::format("orientation '{}': expected one each of R or L, A or P, S or I", letters), Exit::usage);
  }
  const std::string present = from.orientation();
  AxisMap map;
  for (std::size_t a = 0; a < 3; ++a) {
    const Direction wanted = direction_of(letters[a]);
    for (std::size_t old = 0; old < 3; ++old) {
      const Direction has = direction_of(present[old]);
      if (has.world != wanted.world) continue;
      map.source[a] = old;
      map.flipped[a] = has.negative != wanted.negative;
    }
  }
  return map;
}

AxisMap inverse(const AxisMap& map) {
  AxisMap back;
  for (std::size_t a = 0; a < 3; ++a) {
    back.source[map.source[a]] = a;
    back.flipped[map.source[a]] = map.flipped[a];
  }
  return back;
}

Grid reoriented(const Grid& grid, const AxisMap& map) {
  Grid result = grid;
  Point3 first{};  // old index of the voxel that becomes (0, 0, 0)
  for (std::size_t a = 0; a < 3; ++a) {
    const std::size_t old = map.source[a];
    result.shape_ijk[a] = grid.shape_ijk[old];
    if (map.flipped[a]) first[old] = static_cast<double>(grid.shape_ijk[old] - 1);
    for (std::size_t r = 0; r < 3; ++r) {
      const double value = grid.ijk_to_ras_mm[r][old];
      result.ijk_to_ras_mm[r][a] = map.flipped[a] ? 0.0 - value : value;  // never -0
    }
  }
  const Point3 origin_ras_mm = grid.ras_of_index(first);
  for (std::size_t r = 0; r < 3; ++r) result.ijk_to_ras_mm[r][3] = origin_ras_mm[r];
  return result;
}

}  // namespace gdm
