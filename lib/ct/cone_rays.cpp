// Ray by ray, for detectors and volumes that are turned against each other in any way.
#include <algorithm>
#include <cmath>

#include "ct/cone_walk.hpp"
#include "image/vectors.hpp"
#include "sys/parallel.hpp"

namespace gdm::ct {
namespace {

/// One ray: at plane p of axis `major` it passes at x0 + p dx and y0 + p dy of the two other axes.
struct Walk {
  std::size_t major = 0, x_axis = 1, y_axis = 2;
  std::int64_t first = 0, last = -1;
  double x0 = 0, dx = 0, y0 = 0, dy = 0;
  float sample_mm = 0;
};

/// Narrows first .. last to planes where low < at0 + p step < high.
void narrow(double at0, double step, double low, double high, Walk& walk) {
  if (step == 0) {
    if (!(at0 > low && at0 < high)) walk.last = walk.first - 1;
    return;
  }
  const double limit = static_cast<double>(walk.last) + 2;
  const auto bounded = [&](double p) { return std::min(std::max(p, -2.0), limit); };
  const double a = bounded((low - at0) / step), b = bounded((high - at0) / step);
  walk.first = std::max(walk.first, static_cast<std::int64_t>(std::floor(std::min(a, b))) + 1);
  walk.last = std::min(walk.last, static_cast<std::int64_t>(std::ceil(std::max(a, b))) - 1);
}

Walk walk_of(const Ray& ray, const LineFrame& frame) {
  const Point3 source = frame.index_of(ray.source_mm);
  const Point3 along = difference(frame.index_of(ray.element_mm), source);
  Walk walk;
  for (std::size_t axis = 1; axis < 3; ++axis) {
    if (std::abs(along[axis]) > std::abs(along[walk.major])) walk.major = axis;
  }
  walk.x_axis = walk.major == 0 ? 1 : 0;
  walk.y_axis = walk.major == 2 ? 1 : 2;
  const double dt = 1.0 / along[walk.major], t0 = -source[walk.major] * dt;
  walk.x0 = source[walk.x_axis] + t0 * along[walk.x_axis];
  walk.y0 = source[walk.y_axis] + t0 * along[walk.y_axis];
  walk.dx = dt * along[walk.x_axis];
  walk.dy = dt * along[walk.y_axis];
  const Point3& mm = frame.spacing_mm();
  walk.sample_mm = static_cast<float>(length({mm[walk.major], walk.dx * mm[walk.x_axis], walk.dy * mm[walk.y_axis]}));
  walk.last = frame.shape()[walk.major] - 1;
  narrow(t0, dt, 0.0, 1.0, walk);
  narrow(walk.x0, walk.dx, -1.0, static_cast<double>(frame.shape()[walk.x_axis]), walk);
  narrow(walk.y0, walk.dy, -1.0, static_cast<double>(frame.shape()[walk.y_axis]), walk);
  return walk;
}

/// Calls body(offset, weight) for the up to four voxels of each sample.
template <class Body>
void for_each_voxel(const Walk& walk, const LineFrame& frame, Body&& body) {
  const std::int64_t nx = frame.shape()[walk.x_axis], ny = frame.shape()[walk.y_axis];
  std::int64_t step[3];
  for (std::size_t axis = 0; axis < 3; ++axis) {
    step[axis] = frame.offset(axis == 0 ? 1 : 0, axis == 1 ? 1 : 0, axis == 2 ? 1 : 0) - frame.offset(0, 0, 0);
  }
  const std::int64_t x_step = step[walk.x_axis], y_step = step[walk.y_axis];
  for (std::int64_t p = walk.first; p <= walk.last; ++p) {
    // Counted from one before the first voxel, so that truncation rounds down.
    const double x = walk.x0 + static_cast<double>(p) * walk.dx + 1.0;
    const double y = walk.y0 + static_cast<double>(p) * walk.dy + 1.0;
    const auto i = static_cast<std::int64_t>(x), j = static_cast<std::int64_t>(y);
    const auto f = static_cast<float>(x - static_cast<double>(i)), g = static_cast<float>(y - static_cast<double>(j));
    const std::int64_t at = p * step[walk.major] + (i - 1) * x_step + (j - 1) * y_step;
    const auto is_row = [](std::int64_t n, std::int64_t size) { return n >= 1 && n <= size; };
    const bool left = is_row(i, nx), right = is_row(i + 1, nx), low = is_row(j, ny), high = is_row(j + 1, ny);
    if (left && low) body(at, (1 - f) * (1 - g));
    if (right && low) body(at + x_step, f * (1 - g));
    if (left && high) body(at + y_step, (1 - f) * g);
    if (right && high) body(at + x_step + y_step, f * g);
  }
}

/// Restricts a walk over a frame to what it adds to slices k0 .. k1-1, of which body() sees no others.
template <class Body>
void for_each_voxel_of(const Walk& whole, const LineFrame& frame, std::int64_t k0, std::int64_t k1, Body&& body) {
  Walk walk = whole;
  const auto low = static_cast<double>(k0), high = static_cast<double>(k1);
  if (walk.major == 2) {
    walk.first = std::max(walk.first, k0);
    walk.last = std::min(walk.last, k1 - 1);
    for_each_voxel(walk, frame, body);
    return;
  }
  narrow(walk.y0, walk.dy, low - 1.0, high, walk);  // axis c is always the second of the other two
  const std::int64_t begin = frame.offset(0, 0, k0), end = frame.offset(0, 0, k1);
  for_each_voxel(walk, frame, [&](std::int64_t offset, float weight) {
    if (offset >= begin && offset < end) body(offset, weight);
  });
}

}  // namespace

void forward_rays(const PosedScan& scan, const LineFrame& frame, const ViewChoice& views, const float* volume,
                  float* rays) {
  const Geometry& g = scan.geometry();
  parallel_for(views.count() * g.detector_rows, [&](std::int64_t n) {
    const std::int64_t view = views.view(n / g.detector_rows), v = n % g.detector_rows;
    float* out = rays + g.detector_columns * (v + g.detector_rows * view);
    for (std::int64_t u = 0; u < g.detector_columns; ++u) {
      const Walk walk = walk_of(scan.ray(view, static_cast<double>(u), static_cast<double>(v)), frame);
      float total = 0;
      for_each_voxel(walk, frame, [&](std::int64_t offset, float weight) { total += weight * volume[offset]; });
      out[u] = total * walk.sample_mm;
    }
  });
}

void adjoint_rays(const PosedScan& scan, const LineFrame& frame, const ViewChoice& views, const float* rays,
                  float* volume) {
  const Geometry& g = scan.geometry();
  constexpr std::int64_t slices = 16;  // each block walks all rays, so few blocks; enough of them for the threads
  const std::int64_t nk = frame.shape()[2];
  parallel_for((nk + slices - 1) / slices, [&](std::int64_t block) {
    const std::int64_t k0 = block * slices, k1 = std::min(nk, k0 + slices);
    std::fill(volume + frame.offset(0, 0, k0), volume + frame.offset(0, 0, k1), 0.0F);
    for (std::int64_t n = 0; n < views.count(); ++n) {
      const float* view_rays = rays + views.view(n) * g.rays_per_view();
      for (std::int64_t v = 0; v < g.detector_rows; ++v) {
        for (std::int64_t u = 0; u < g.detector_columns; ++u) {
          const Ray ray = scan.ray(views.view(n), static_cast<double>(u), static_cast<double>(v));
          const Walk walk = walk_of(ray, frame);
          const float value = view_rays[u + g.detector_columns * v] * walk.sample_mm;
          for_each_voxel_of(walk, frame, k0, k1,
                            [&](std::int64_t offset, float weight) { volume[offset] += weight * value; });
        }
      }
    }
  });
}

}  // namespace gdm::ct
