// Rays over the width of detector elements through an object that is finer than its grid.
#include <algorithm>
#include <cmath>
#include <vector>

#include "ct/fine_projector.hpp"
#include "ct/line_frame.hpp"
#include "image/vectors.hpp"
#include "sys/parallel.hpp"

namespace gdm::ct {
namespace {

/// The volume with `times` samples of its linear interpolation along one axis in the place of each voxel, and those
/// that lie between the outermost voxels and the zeros beyond them.
class RefinedVolume {
 public:
  RefinedVolume(const Volume& volume, std::size_t axis, std::int64_t times)
      : volume_(volume), axis_(axis), times_(times), beyond_(times / 2), grid_(volume.grid) {
    grid_.shape_ijk[axis] = grid_.shape_ijk[axis] * times + 2 * beyond_;
    Point3 first{};
    first[axis] = position(0);
    const Point3 origin = volume.grid.ras_of_index(first);
    for (std::size_t r = 0; r < 3; ++r) {
      grid_.ijk_to_ras_mm[r][axis] /= static_cast<double>(times);
      grid_.ijk_to_ras_mm[r][3] = origin[r];
    }
  }

  std::int64_t slices_at_once() const {
    constexpr std::int64_t floats = std::int64_t{32} << 20;
    return std::max<std::int64_t>(1, floats / (grid_.shape_ijk[0] * grid_.shape_ijk[1]));
  }
  std::int64_t slices() const { return grid_.shape_ijk[2]; }

  /// Slices k0 .. k0 + count - 1 where they lie.
  Volume slab(std::int64_t k0, std::int64_t count) const {
    Volume slab;
    slab.grid = grid_;
    slab.grid.shape_ijk[2] = count;
    const Point3 origin = grid_.ras_of_index({0, 0, static_cast<double>(k0)});
    for (std::size_t r = 0; r < 3; ++r) slab.grid.ijk_to_ras_mm[r][3] = origin[r];
    slab.voxels.resize(static_cast<std::size_t>(slab.grid.voxels()));
    parallel_for(count, [&](std::int64_t k) { fill(k0 + k, &slab.at(0, 0, k)); });
    return slab;
  }

 private:
  /// In voxels of the volume.
  double position(std::int64_t sample) const {
    return (static_cast<double>(sample - beyond_) + 0.5) / static_cast<double>(times_) - 0.5;
  }

  void fill(std::int64_t k, float* out) const {
    const Index3& shape = grid_.shape_ijk;
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      for (std::int64_t i = 0; i < shape[0]; ++i) *out++ = value({i, j, k});
    }
  }

  float value(Index3 sample) const {
    const double at = position(sample[axis_]), before = std::floor(at);
    const auto share = static_cast<float>(at - before);
    const auto read = [&](std::int64_t n) {
      if (n < 0 || n >= volume_.grid.shape_ijk[axis_]) return 0.0F;
      sample[axis_] = n;
      return volume_.at(sample[0], sample[1], sample[2]);
    };
    const float near = read(static_cast<std::int64_t>(before));
    return near + share * (read(static_cast<std::int64_t>(before) + 1) - near);
  }

  const Volume& volume_;
  std::size_t axis_;
  std::int64_t times_, beyond_;
  Grid grid_;
};

/// Axis of the grid of which a ray crosses most planes.
std::uint8_t major_axis(const Ray& ray, const LineFrame& frame) {
  const Point3 along = frame.turned(difference(ray.element_mm, ray.source_mm));
  std::uint8_t major = 0;
  for (std::uint8_t axis = 1; axis < 3; ++axis) {
    if (std::abs(along[axis]) > std::abs(along[major])) major = axis;
  }
  return major;
}

std::vector<std::uint8_t> major_axes(const Geometry& geometry, const Grid& grid) {
  const PosedScan scan(geometry, centre_of(grid));
  const LineFrame frame = stored_frame(grid);
  std::vector<std::uint8_t> majors(static_cast<std::size_t>(scan.view_count() * geometry.rays_per_view()));
  parallel_for(scan.view_count() * geometry.detector_rows, [&](std::int64_t line) {
    const std::int64_t view = line / geometry.detector_rows, v = line % geometry.detector_rows;
    for (std::int64_t u = 0; u < geometry.detector_columns; ++u) {
      majors[static_cast<std::size_t>(line * geometry.detector_columns + u)] =
          major_axis(scan.ray(view, static_cast<double>(u), static_cast<double>(v)), frame);
    }
  });
  return majors;
}

/// Line integrals of single rays.
Voxels<float> integrals(const Volume& volume, const Geometry& fine, std::int64_t times) {
  const std::vector<std::uint8_t> majors = major_axes(fine, volume.grid);
  Voxels<float> sums(majors.size()), part(majors.size());
  std::fill(sums.begin(), sums.end(), 0.0F);
  for (std::uint8_t axis = 0; axis < 3; ++axis) {
    if (std::find(majors.begin(), majors.end(), axis) == majors.end()) continue;
    const RefinedVolume refined(volume, axis, times);
    for (std::int64_t k = 0; k < refined.slices(); k += refined.slices_at_once()) {
      const Volume slab = refined.slab(k, std::min(refined.slices_at_once(), refined.slices() - k));
      ConeProjector(fine, slab.grid).forward(slab.voxels.data(), part.data());
      for (std::size_t n = 0; n < sums.size(); ++n) sums[n] += majors[n] == axis ? part[n] : 0.0F;
    }
  }
  return sums;
}

/// -ln of the mean of exp(-p) over an element's rays; the least p is taken out, so that no exponential underflows.
float of_mean_transmission(const float* first, const ElementRays& rays, std::int64_t row) {
  float least = first[0];
  for (std::int64_t y = 0; y < rays.rows; ++y) {
    for (std::int64_t x = 0; x < rays.columns; ++x) least = std::min(least, first[x + row * y]);
  }
  double sum = 0;
  for (std::int64_t y = 0; y < rays.rows; ++y) {
    for (std::int64_t x = 0; x < rays.columns; ++x) sum += std::exp(static_cast<double>(least - first[x + row * y]));
  }
  return least - static_cast<float>(std::log(sum / static_cast<double>(rays.count())));
}

}  // namespace

void project_fine(const Volume& attenuation_per_mm, const Geometry& geometry, std::int64_t oversample, float* rays) {
  Geometry coarse = geometry;
  if (!coarse.isocenter_mm) coarse.isocenter_mm = centre_of(attenuation_per_mm.grid);
  const ConeProjector single(coarse, attenuation_per_mm.grid);
  if (oversample == 1) return single.forward(attenuation_per_mm.voxels.data(), rays);
  const ElementRays across = element_rays(coarse, attenuation_per_mm.grid, oversample);
  const Geometry fine = scan_of_rays(coarse, across);
  constexpr std::int64_t floats = std::int64_t{16} << 20;
  const std::int64_t at_once = std::max<std::int64_t>(1, floats / fine.rays_per_view());
  const std::int64_t columns = coarse.detector_columns, row = fine.detector_columns;
  for (std::int64_t first = 0; first < coarse.view_count(); first += at_once) {
    std::vector<std::int64_t> views;
    for (std::int64_t n = first; n < std::min(first + at_once, coarse.view_count()); ++n) views.push_back(n);
    const Voxels<float> sums = integrals(attenuation_per_mm, subset(fine, views), oversample);
    parallel_for(static_cast<std::int64_t>(views.size()) * coarse.detector_rows, [&](std::int64_t line) {
      const float* from = sums.data() + line * across.rows * row;
      float* to = rays + (first * coarse.detector_rows + line) * columns;
      for (std::int64_t u = 0; u < columns; ++u) {
        to[u] = of_mean_transmission(from + u * across.columns, across, row);
      }
    });
  }
}

}  // namespace gdm::ct
