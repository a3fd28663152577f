// Scans, volumes and closed forms that the tests of projectors and of FDK share.
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "ct/geometry.hpp"
#include "image/vectors.hpp"
#include "sys/random.hpp"

namespace gdm::ct {

inline Geometry scan_of(ScanKind kind, std::int64_t columns, std::int64_t rows, double spacing_mm, int views,
                        double range_deg = 360) {
  Geometry g;
  g.kind = kind;
  g.detector_columns = columns;
  g.detector_rows = rows;
  if (kind != ScanKind::parallel) {
    g.source_to_isocenter_mm = 400;
    g.source_to_detector_mm = 600;
  }
  g.column_spacing_mm = g.row_spacing_mm = spacing_mm;
  for (int n = 0; n < views; ++n) g.angles_deg.push_back(3.0 + range_deg * n / views);
  return g;
}

/// Evenly spread in [0, most).
inline Volume random_volume(const Grid& grid, std::uint64_t seed, double most = 1) {
  Volume volume(grid, 0.0F);
  Random random(seed);
  for (float& value : volume.voxels) value = static_cast<float>(most * random.uniform());
  return volume;
}

/// An ellipsoid with its axes along the world's: value inside, or value (1 - r^2)^2 where it fades.
struct Ellipsoid {
  Point3 centre_mm, radii_mm;
  double value = 1;
  bool fades = false;

  double at(const Point3& p) const {
    double r2 = 0;
    for (std::size_t n = 0; n < 3; ++n) r2 += std::pow((p[n] - centre_mm[n]) / radii_mm[n], 2);
    if (r2 >= 1) return 0;
    return fades ? value * (1 - r2) * (1 - r2) : value;
  }
  /// Along the whole line of a ray.
  double integral(const Ray& ray) const {
    Point3 from{}, along{};
    const Point3 d = difference(ray.element_mm, ray.source_mm);
    for (std::size_t n = 0; n < 3; ++n) {
      from[n] = (ray.source_mm[n] - centre_mm[n]) / radii_mm[n];
      along[n] = d[n] / radii_mm[n];
    }
    const double a = inner(along, along), b = inner(from, along);
    const double closest2 = inner(from, from) - b * b / a;  // of the unit sphere's centre to the line
    if (closest2 >= 1) return 0;
    const double half = std::sqrt(1 - closest2);
    const double chord = 2 * half / std::sqrt(a) * length(d);
    return fades ? value * chord * std::pow(half, 4) * 8 / 15 : value * chord;
  }
};

/// Means of n^3 samples in each voxel.
inline Volume drawn(const Grid& grid, const std::vector<Ellipsoid>& shapes, int n) {
  Volume volume(grid, 0.0F);
  for (std::int64_t k = 0; k < grid.shape_ijk[2]; ++k) {
    for (std::int64_t j = 0; j < grid.shape_ijk[1]; ++j) {
      for (std::int64_t i = 0; i < grid.shape_ijk[0]; ++i) {
        double total = 0;
        for (int s = 0; s < n * n * n; ++s) {
          const auto at = [&](std::int64_t index, int part) {
            return static_cast<double>(index) + (part + 0.5) / n - 0.5;
          };
          const Point3 p = grid.ras_of_index({at(i, s % n), at(j, s / n % n), at(k, s / n / n)});
          for (const Ellipsoid& shape : shapes) total += shape.at(p);
        }
        volume.at(i, j, k) = static_cast<float>(total / (n * n * n));
      }
    }
  }
  return volume;
}

inline std::vector<float> integrals(const PosedScan& scan, const std::vector<Ellipsoid>& shapes) {
  std::vector<float> rays;
  for (std::int64_t view = 0; view < scan.view_count(); ++view) {
    for (std::int64_t v = 0; v < scan.geometry().detector_rows; ++v) {
      for (std::int64_t u = 0; u < scan.geometry().detector_columns; ++u) {
        const Ray ray = scan.ray(view, static_cast<double>(u), static_cast<double>(v));
        double total = 0;
        for (const Ellipsoid& shape : shapes) total += shape.integral(ray);
        rays.push_back(static_cast<float>(total));
      }
    }
  }
  return rays;
}

inline std::vector<float> random_floats(std::int64_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = static_cast<float>(random.uniform());
  return values;
}

template <class A, class B>
double dot(const A& a, const B& b) {
  double total = 0;
  for (std::size_t n = 0; n < a.size(); ++n) total += static_cast<double>(a[n]) * static_cast<double>(b[n]);
  return total;
}

/// Root mean square of a - b over that of b.
template <class A, class B>
double relative_difference(const A& a, const B& b) {
  double error = 0, size = 0;
  for (std::size_t n = 0; n < a.size(); ++n) {
    error += std::pow(static_cast<double>(a[n]) - static_cast<double>(b[n]), 2);
    size += std::pow(static_cast<double>(b[n]), 2);
  }
  return std::sqrt(error / size);
}

/// A grid turned about the world's axes, and one whose stored axes are of another order and direction.
inline Grid turned_grid(const Index3& shape, const Point3& spacing_mm, double degrees) {
  Grid grid = Grid::centred(shape, spacing_mm);
  const double c = std::cos(degrees / 57.29577951), s = std::sin(degrees / 57.29577951);
  for (std::size_t column = 0; column < 4; ++column) {
    const double y = grid.ijk_to_ras_mm[1][column], z = grid.ijk_to_ras_mm[2][column];
    grid.ijk_to_ras_mm[1][column] = c * y - s * z;
    grid.ijk_to_ras_mm[2][column] = s * y + c * z;
  }
  return grid;
}

inline Grid sagittal_grid(const Index3& shape, const Point3& spacing_mm) {
  Grid grid = Grid::centred(shape, spacing_mm);
  for (std::size_t column = 0; column < 4; ++column) {
    auto& m = grid.ijk_to_ras_mm;
    const double x = m[0][column], y = m[1][column], z = m[2][column];
    m[0][column] = z;
    m[1][column] = -x;
    m[2][column] = -y;
  }
  return grid;
}

/// One of each kind and of each way to compute it.
inline std::vector<std::pair<std::string, Geometry>> all_scans(std::int64_t columns, std::int64_t rows,
                                                               double spacing_mm, int views) {
  std::vector<std::pair<std::string, Geometry>> scans;
  for (const ScanKind kind : {ScanKind::parallel, ScanKind::fan, ScanKind::cone}) {
    scans.emplace_back(scan_kind_names()[static_cast<std::size_t>(kind)],
                       scan_of(kind, columns, rows, spacing_mm, views));
  }
  Geometry g = scan_of(ScanKind::fan, columns, rows, spacing_mm, views);
  g.curved_detector = true;
  scans.emplace_back("curved fan", g);
  g = scan_of(ScanKind::cone, columns, rows, spacing_mm, views);
  g.column_offset_mm = 9;
  g.row_offset_mm = -6;
  scans.emplace_back("offset cone", g);
  g.detector_tilt_deg = 12;
  scans.emplace_back("tilted cone", g);
  g = scan_of(ScanKind::cone, columns, rows, spacing_mm, views);
  const PosedScan circle(g, {0, 0, 0});
  g.kind = ScanKind::poses;
  g.angles_deg.clear();
  for (std::int64_t view = 0; view < circle.view_count(); ++view) {  // a helix
    Pose pose = circle.pose(view);
    const double up_mm = static_cast<double>(view - views / 2) * 20.0 / views;
    pose.source_mm[2] += up_mm;
    pose.detector_mm[2] += up_mm;
    g.poses.push_back(pose);
  }
  scans.emplace_back("helix", g);
  return scans;
}

/// The ten ellipsoids of Shepp and Logan in 3-D (Kak & Slaney section 3.2) without their turns, in a head of 100 mm;
/// the contrasts are those of Toft's modification.
inline std::vector<Ellipsoid> shepp_logan() {
  const auto part = [](double value, Point3 radii, Point3 centre) {
    return Ellipsoid{scaled(centre, 55), scaled(radii, 55), value, false};
  };
  return {part(1.0, {.69, .92, .81}, {0, 0, 0}),      part(-.8, {.6624, .874, .78}, {0, -.0184, 0}),
          part(-.2, {.11, .31, .22}, {.22, 0, 0}),    part(-.2, {.16, .41, .28}, {-.22, 0, 0}),
          part(.1, {.21, .25, .41}, {0, .35, -.15}),  part(.1, {.046, .046, .05}, {0, .1, .25}),
          part(.1, {.046, .046, .05}, {0, -.1, .25}), part(.1, {.046, .023, .05}, {-.08, -.605, 0}),
          part(.1, {.023, .023, .02}, {0, -.606, 0}), part(.1, {.023, .046, .02}, {.06, -.605, 0})};
}

}  // namespace gdm::ct
