// What a stack of slices and a geometry do differently, for all who need not know.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "ct/axial.hpp"
#include "ct/fine_projector.hpp"
#include "ct/parallel_projector.hpp"
#include "ct/sinogram_file.hpp"
#include "image/grid_match.hpp"
#include "image/vectors.hpp"

namespace gdm::ct {
namespace {

std::vector<float> shares_of_view(const PosedScan& scan, std::int64_t view, const Beam& beam) {
  const Geometry& g = scan.geometry();
  const double middle = 0.5 * static_cast<double>(g.detector_rows - 1);
  std::vector<float> shares;
  for (std::int64_t u = 0; u < g.detector_columns; ++u) {
    const Ray ray = scan.ray(view, static_cast<double>(u), middle);
    shares.push_back(static_cast<float>(bow_tie_share(distance_from_axis_mm(ray, scan.isocenter_mm()), beam)));
  }
  return shares;
}

/// Which of a detector's two sides have to see past the object: one alone where it is offset.
std::array<bool, 2> sides_that_count(const PosedScan& scan) {
  const Geometry& g = scan.geometry();
  const double middle = 0.5 * static_cast<double>(g.detector_rows - 1);
  const auto reach_mm = [&](double u) { return distance_from_axis_mm(scan.ray(0, u, middle), scan.isocenter_mm()); };
  const double low = -reach_mm(-0.5), high = reach_mm(static_cast<double>(g.detector_columns) - 0.5);
  constexpr double centred = 0.05;
  if (std::abs(high - low) <= centred * (high + low)) return {true, true};
  return {low > high, high > low};
}

void fill_outside_circle(const ParallelScan& scan, float outside_per_mm, Volume& volume) {
  const Point3 spacing_mm = volume.grid.spacing_mm();
  const double radius_mm = 0.5 * static_cast<double>(scan.detectors) * scan.detector_spacing_mm;
  const auto from_centre = [&](std::size_t axis, std::int64_t n) {
    return (static_cast<double>(n) - 0.5 * static_cast<double>(volume.grid.shape_ijk[axis] - 1)) * spacing_mm[axis];
  };
  for (std::int64_t k = 0; k < volume.grid.shape_ijk[2]; ++k) {
    for (std::int64_t j = 0; j < volume.grid.shape_ijk[1]; ++j) {
      for (std::int64_t i = 0; i < volume.grid.shape_ijk[0]; ++i) {
        if (std::hypot(from_centre(0, i), from_centre(1, j)) > radius_mm) volume.at(i, j, k) = outside_per_mm;
      }
    }
  }
}

/// Of the outermost slices on either side: between their middle and their edge nothing is interpolated then.
constexpr std::int64_t rows_repeated = 1;

/// A stack as a scan in a frame of its own, whose origin is the centre of the slices and whose axes are theirs.
Geometry geometry_of(const ParallelScan& scan, const Grid& projected) {
  Geometry geometry;
  geometry.detector_columns = scan.detectors;
  geometry.detector_rows = projected.shape_ijk[2] + 2 * rows_repeated;
  geometry.column_spacing_mm = scan.detector_spacing_mm;
  geometry.row_spacing_mm = projected.spacing_mm()[2];
  geometry.isocenter_mm = Point3{0, 0, 0};
  constexpr double degrees_per_radian = 57.295779513082321;
  for (std::int64_t view = 0; view < scan.views; ++view) {
    geometry.angles_deg.push_back(scan.angle_rad(view) * degrees_per_radian);
  }
  return geometry;
}

/// There i runs to the left and j to posterior, as ct/parallel.hpp counts x and y.
Grid in_frame_of_stack(const Grid& grid, const Grid& projected) {
  const Point3 mm = projected.spacing_mm();
  const auto position = [&](const Point3& index) {
    Point3 at = projected.index_of_ras(grid.ras_of_index(index));
    for (std::size_t a = 0; a < 3; ++a) at[a] = mm[a] * (at[a] - 0.5 * static_cast<double>(projected.shape_ijk[a] - 1));
    return ras_of_lps(at);
  };
  const Point3 origin = position({0, 0, 0});
  Grid moved = grid;
  for (std::size_t a = 0; a < 3; ++a) {
    Point3 unit{};
    unit[a] = 1;
    const Point3 along = position(unit);
    for (std::size_t r = 0; r < 3; ++r) moved.ijk_to_ras_mm[r][a] = along[r] - origin[r];
  }
  for (std::size_t r = 0; r < 3; ++r) moved.ijk_to_ras_mm[r][3] = origin[r];
  return moved;
}

/// (detector, view, slice) to (detector, slice, view), with rows_repeated.
Voxels<float> rays_by_views(const Sinogram& sinogram) {
  const ParallelScan& scan = sinogram.scan;
  const std::int64_t rows = sinogram.slices + 2 * rows_repeated;
  Voxels<float> rays(static_cast<std::size_t>(scan.detectors * rows * scan.views));
  auto to = rays.begin();
  for (std::int64_t view = 0; view < scan.views; ++view) {
    for (std::int64_t row = 0; row < rows; ++row, to += scan.detectors) {
      const std::int64_t slice = std::clamp<std::int64_t>(row - rows_repeated, 0, sinogram.slices - 1);
      std::copy_n(&sinogram.line_integrals[sinogram.offset(0, view, slice)], scan.detectors, to);
    }
  }
  return rays;
}

/// Voxels that lie in none of the slices.
void fill_beside_slices(const Grid& slices, float value, Volume& volume) {
  const auto slice_at = [&](const Point3& index) { return slices.index_of_ras(volume.grid.ras_of_index(index))[2]; };
  const double first = slice_at({0, 0, 0});
  const Point3 along{slice_at({1, 0, 0}) - first, slice_at({0, 1, 0}) - first, slice_at({0, 0, 1}) - first};
  constexpr double edge = 0.5 + 1e-6;
  const double last = static_cast<double>(slices.shape_ijk[2] - 1) + edge;
  for (std::int64_t k = 0; k < volume.grid.shape_ijk[2]; ++k) {
    for (std::int64_t j = 0; j < volume.grid.shape_ijk[1]; ++j) {
      for (std::int64_t i = 0; i < volume.grid.shape_ijk[0]; ++i) {
        const double at =
            first + inner({static_cast<double>(i), static_cast<double>(j), static_cast<double>(k)}, along);
        if (at < -edge || at > last) volume.at(i, j, k) = value;
      }
    }
  }
}

/// Above it a ray has met the object.
float seen_integral(const StoredSinogram& stored) {
  constexpr double seen_mm = 5;
  return static_cast<float>(seen_mm * stored.beam.mu_water_per_mm);
}

}  // namespace

AxisMap axes_for(const Grid& grid) {
  AxisMap axes = axial_axes(grid);
  axes.flipped = {};
  return axes;
}

RayBlocks StoredSinogram::blocks() const {
  RayBlocks blocks;
  const Beam& of = beam;
  if (!geometry) {
    const ParallelScan& scan = sinogram.scan;
    blocks = {sinogram.slices, scan.detectors * scan.views, scan.detectors, nullptr};
    if (of.bow_tie_radius_mm == 0) return blocks;
    std::vector<float> shares;
    for (std::int64_t d = 0; d < scan.detectors; ++d) {
      shares.push_back(static_cast<float>(bow_tie_share(scan.detector_mm(d), of)));
    }
    blocks.shares = [shares](std::int64_t) { return shares; };
    return blocks;
  }
  blocks = {geometry->view_count(), geometry->rays_per_view(), geometry->detector_columns, nullptr};
  if (of.bow_tie_radius_mm == 0) return blocks;
  const auto scan = std::make_shared<const PosedScan>(*geometry, centre_of(grid));
  blocks.shares = [scan, of](std::int64_t view) { return shares_of_view(*scan, view, of); };
  return blocks;
}

std::shared_ptr<const Projector> StoredSinogram::make_projector(std::int64_t rays_per_element) const {
  const Grid on = projected_grid();
  if (!geometry) return std::make_shared<ParallelProjector>(on, sinogram.scan, rays_per_element);
  if (rays_per_element == 1) return std::make_shared<ConeProjector>(*geometry, on);
  return std::make_shared<FineProjector>(*geometry, on, rays_per_element);
}

Volume StoredSinogram::back_projection(const FdkOptions& options) const {
  if (geometry) return fdk(*geometry, rays(), projected_grid(), options);
  const RampFilter filter(options.window, options.cutoff);
  Volume volume = filtered_back_projection(sinogram, projected_grid(), filter);
  if (options.outside_per_mm) fill_outside_circle(sinogram.scan, *options.outside_per_mm, volume);
  return volume;
}

Volume StoredSinogram::back_projection_on(const Grid& on, const FdkOptions& options) const {
  if (geometry) return fdk(*geometry, rays(), on, options);
  if (same_grid(on, grid)) {
    Volume volume = turned_back(back_projection(options), axes, grid);
    volume.grid = on;
    return volume;
  }
  const Voxels<float> by_views = rays_by_views(sinogram);
  Volume volume = fdk(geometry_of(sinogram.scan, projected_grid()), by_views.data(),
                      in_frame_of_stack(on, projected_grid()), options);
  volume.grid = on;
  fill_beside_slices(projected_grid(), options.outside_per_mm.value_or(0.0F), volume);
  return volume;
}

std::string StoredSinogram::text() const {
  if (!geometry) {
    const ParallelScan& scan = sinogram.scan;
    return fmt::format("{} views over 180 degrees, {} detectors of {:.4g} mm, parallel beam", scan.views,
                       scan.detectors, scan.detector_spacing_mm);
  }
  const PosedScan scan(*geometry, centre_of(grid));
  return fmt::format("{} views over {:.4g} degrees, {} x {} detector elements, {} beam", view_count(),
                     angular_range_deg(scan), geometry->detector_columns, geometry->detector_rows,
                     scan_kind_names()[static_cast<std::size_t>(geometry->kind)]);
}

bool sees_nothing(const StoredSinogram& stored) {
  const float seen = seen_integral(stored);
  return std::none_of(stored.rays(), stored.rays() + stored.ray_count(), [seen](float ray) { return ray > seen; });
}

double share_beside(const Projector& projector, const StoredSinogram& stored) {
  const Volume full(projector.grid(), 1.0F);
  Voxels<float> inside_mm(static_cast<std::size_t>(projector.ray_count()));
  projector.forward(full.voxels.data(), inside_mm.data());
  const std::vector<float> weights = weights_of_counts(stored.rays(), stored.blocks(), stored.beam);
  double all = 0, beside = 0;
  for (std::size_t n = 0; n < inside_mm.size(); ++n) {
    const double seen = static_cast<double>(weights[n]) * static_cast<double>(stored.rays()[n]);
    all += seen;
    beside += inside_mm[n] > 0 ? 0.0 : seen;
  }
  return all > 0 ? beside / all : 0.0;
}

double truncated_share(const StoredSinogram& stored) {
  const float seen = seen_integral(stored);
  std::array<bool, 2> counts{true, true};
  if (stored.geometry) counts = sides_that_count(PosedScan(*stored.geometry, centre_of(stored.grid)));
  const std::int64_t columns = stored.blocks().columns, rows = stored.ray_count() / columns;
  std::int64_t cut = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* line = stored.rays() + row * columns;
    if ((counts[0] && line[0] > seen) || (counts[1] && line[columns - 1] > seen)) ++cut;
  }
  return static_cast<double>(cut) / static_cast<double>(std::max<std::int64_t>(rows, 1));
}

}  // namespace gdm::ct
