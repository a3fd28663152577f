#include "ct/parallel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ct/counts.hpp"
#include "ct/joseph.hpp"
#include "ct/oversampled.hpp"
#include "ct/parallel_projector.hpp"
#include "sys/angle.hpp"
#include "sys/error.hpp"

namespace gdm::ct {
namespace {

void check(const Sinogram& sinogram, const Grid& grid) {
  require_possible(grid, sinogram.scan);
  const auto expected = static_cast<std::size_t>(sinogram.scan.views * sinogram.scan.detectors * sinogram.slices);
  if (sinogram.slices != grid.shape_ijk[2] || sinogram.line_integrals.size() != expected) {
    throw Error(fmt::format("a sinogram of {} slices ({} values) does not fit a grid of {} slices ({} values expected)",
                            sinogram.slices, sinogram.line_integrals.size(), grid.shape_ijk[2], expected));
  }
}

GDM_CLONES void filter_view(const std::vector<float>& kernel, std::int64_t detectors, float scale, const Lanes* line,
                            Lanes* filtered) {
  constexpr std::int64_t block = 4;  // outputs per pass, so that each input is loaded once for four
  const auto lag = [&](std::int64_t a, std::int64_t b) { return kernel[static_cast<std::size_t>(std::abs(a - b))]; };
  for (std::int64_t d0 = 0; d0 < detectors; d0 += block) {
    Lanes sum[block] = {};
    for (std::int64_t e = 0; e < detectors; ++e) {
      for (std::int64_t b = 0; b < block; ++b) sum[b].v += lag(d0 + b, e) * line[e].v;
    }
    for (std::int64_t b = 0; b < std::min(block, detectors - d0); ++b) filtered[d0 + b].v = scale * sum[b].v;
  }
}

constexpr std::int64_t view_block = 8;  // filtered views that are summed per pass over a slab; they stay in L2

/// Adds `views` filtered views to every pixel. View v lies at filtered + v * stride and has one zero before its first
/// detector and two after its last; detector index = start + per_i * i + per_j * j.
struct PixelWalk {
  double start, per_i, per_j;
};

GDM_CLONES void add_filtered_views(const PixelWalk* walks, std::int64_t views, std::int64_t detectors,
                                   const Lanes* filtered, const Plane& plane, Lanes* slab) {
  const double limit = static_cast<double>(detectors + 1);
  const std::int64_t stride = detectors + 3;
  for (std::int64_t j = 0; j < plane.nj; ++j) {
    Lanes* row = slab + plane.at(0, j);
    for (std::int64_t i = 0; i < plane.ni; ++i) {
      Lanes sum = row[i];
      for (std::int64_t v = 0; v < views; ++v) {
        const PixelWalk& w = walks[v];
        const double position = w.start + w.per_i * static_cast<double>(i) + w.per_j * static_cast<double>(j);
        const double inside = std::min(std::max(position + 1.0, 0.0), limit);
        const auto cell = static_cast<std::int64_t>(inside);
        const auto f = static_cast<float>(inside - static_cast<double>(cell));
        const Lanes* at = filtered + v * stride + cell;
        sum.v += at[0].v + f * (at[1].v - at[0].v);
      }
      row[i] = sum;
    }
  }
}

PixelWalk pixel_walk(const Plane& plane, const ParallelScan& scan, std::int64_t view) {
  PixelWalk walk{};
  walk.per_i = plane.dx_mm * std::cos(scan.angle_rad(view)) / scan.detector_spacing_mm;
  walk.per_j = plane.dy_mm * std::sin(scan.angle_rad(view)) / scan.detector_spacing_mm;
  walk.start = 0.5 * (static_cast<double>(scan.detectors - 1) - walk.per_i * static_cast<double>(plane.ni - 1) -
                      walk.per_j * static_cast<double>(plane.nj - 1));
  return walk;
}

void fbp_slab(const Sinogram& sinogram, const Plane& plane, const std::vector<float>& kernel, std::int64_t k0,
              std::int64_t count, std::vector<Lanes>& slab) {
  const ParallelScan& scan = sinogram.scan;
  const auto scale = static_cast<float>(scan.detector_spacing_mm * pi / static_cast<double>(scan.views));
  const std::int64_t stride = scan.detectors + 3;
  std::vector<Lanes> line(static_cast<std::size_t>(scan.detectors));
  std::vector<Lanes> filtered(static_cast<std::size_t>(view_block * stride));
  PixelWalk walks[view_block];
  for (std::int64_t v0 = 0; v0 < scan.views; v0 += view_block) {
    const std::int64_t views = std::min(view_block, scan.views - v0);
    for (std::int64_t v = 0; v < views; ++v) {
      load_view(sinogram.line_integrals.data(), scan, v0 + v, k0, count, line.data());
      filter_view(kernel, scan.detectors, scale, line.data(), filtered.data() + v * stride + 1);
      walks[v] = pixel_walk(plane, scan, v0 + v);
    }
    add_filtered_views(walks, views, scan.detectors, filtered.data(), plane, slab.data());
  }
}

/// Continuous impulse response of the ramp cut at the Nyquist frequency, at a lag in detectors, times spacing^2
/// (Kak & Slaney chapter 3, eq. 60, whose samples at whole lags are eq. 61).
double band_limited_ramp(double lag) {
  const auto sinc = [](double x) { return x == 0.0 ? 1.0 : std::sin(pi * x) / (pi * x); };
  return 0.5 * sinc(lag) - 0.25 * sinc(0.5 * lag) * sinc(0.5 * lag);
}

/// Inverse transform of |f| sinc(f spacing) on the band, times spacing^2.
double shepp_logan_ramp(double lag) {
  const auto half = [](double sign, double at) {
    const double below = 1.0 + sign * 2.0 * at;
    if (std::abs(below) < 1e-6) return 0.0;
    const double sine = at == std::floor(at) ? 0.0 : std::sin(pi * at);
    return (1.0 + sign * sine) / below;
  };
  return (half(1.0, lag) + half(-1.0, lag)) / (pi * pi);
}

double windowed_ramp(double lag, Window window) {
  const auto blend = [lag](double own, double shifted, double shift) {
    return own * band_limited_ramp(lag) + shifted * (band_limited_ramp(lag - shift) + band_limited_ramp(lag + shift));
  };
  switch (window) {
    case Window::ram_lak:
      return band_limited_ramp(lag);
    case Window::shepp_logan:
      return shepp_logan_ramp(lag);
    case Window::cosine:
      return blend(0.0, 0.5, 0.5);
    case Window::hamming:
      return blend(0.54, 0.23, 1.0);
    case Window::hann:
      return blend(0.5, 0.25, 1.0);
  }
  throw Error("unknown window");
}

}  // namespace

double ParallelScan::angle_rad(std::int64_t view) const {
  return first_angle_rad + pi * static_cast<double>(view) / static_cast<double>(views);
}

double ParallelScan::detector_mm(std::int64_t detector) const {
  return (static_cast<double>(detector) - 0.5 * static_cast<double>(detectors - 1)) * detector_spacing_mm;
}

ParallelScan default_scan(const Grid& grid, std::int64_t views) {
  const Plane plane(grid);
  ParallelScan scan;
  scan.views = views;
  scan.detector_spacing_mm = std::min(plane.dx_mm, plane.dy_mm);
  const double diameter_mm =
      std::hypot(static_cast<double>(plane.ni) * plane.dx_mm, static_cast<double>(plane.nj) * plane.dy_mm);
  scan.detectors = static_cast<std::int64_t>(std::ceil(diameter_mm / scan.detector_spacing_mm)) + 1;
  require_possible(grid, scan);
  return scan;
}

Volume attenuation_from_hu(Volume volume_hu, double water_per_mm) {
  for (float& value : volume_hu.voxels) {
    value = static_cast<float>(std::max(0.0, water_per_mm * (1.0 + static_cast<double>(value) / 1000.0)));
  }
  return volume_hu;
}

Volume hu_from_attenuation(Volume attenuation_per_mm, double water_per_mm) {
  for (float& value : attenuation_per_mm.voxels) {
    value = static_cast<float>(1000.0 * (static_cast<double>(value) / water_per_mm - 1.0));
  }
  return attenuation_per_mm;
}

Sinogram project(const Volume& attenuation_per_mm, const ParallelScan& scan, std::int64_t oversample) {
  require_possible(attenuation_per_mm.grid, scan);
  if (oversample < 1) throw Error(fmt::format("{} rays for each detector element: expected 1 or more", oversample));
  const Plane plane(attenuation_per_mm.grid);
  Sinogram sinogram{scan, attenuation_per_mm.grid.shape_ijk[2], {}};
  sinogram.line_integrals.resize(static_cast<std::size_t>(scan.detectors * scan.views * sinogram.slices));
  float* rays = sinogram.line_integrals.data();
  if (oversample == 1) {
    ParallelProjector(attenuation_per_mm.grid, scan).forward(attenuation_per_mm.voxels.data(), rays);
    return sinogram;
  }
  for_each_slab(sinogram.slices, [&](std::int64_t k0, std::int64_t count) {
    std::vector<Lanes> slab, line(static_cast<std::size_t>(scan.detectors));
    load_slab(attenuation_per_mm.voxels.data(), plane, k0, count, slab);
    OversampledView oversampled(plane, scan, oversample);
    for (std::int64_t view = 0; view < scan.views; ++view) {
      oversampled.project(view, slab.data(), count, line.data());
      store_view(line.data(), scan, view, k0, count, rays);
    }
  });
  return sinogram;
}

Volume back_project(const Sinogram& sinogram, const Grid& grid) {
  check(sinogram, grid);
  Volume result(grid, 0.0F);
  ParallelProjector(grid, sinogram.scan).adjoint(sinogram.line_integrals.data(), result.voxels.data());
  return result;
}

void add_poisson_noise(Sinogram& sinogram, double photons, std::uint64_t seed) {
  const ParallelScan& scan = sinogram.scan;
  Beam beam;
  beam.photons = photons;
  add_counting_noise(sinogram.line_integrals.data(),
                     {sinogram.slices, scan.detectors * scan.views, scan.detectors, nullptr}, beam, seed);
}

std::vector<float> ramp_kernel(std::int64_t count, double spacing_mm, const RampFilter& filter) {
  const double cutoff = filter.cutoff;
  if (!(cutoff > 0 && cutoff <= 1)) {
    throw Error(fmt::format("a cut-off of {} of the Nyquist frequency: expected more than 0, at most 1", cutoff));
  }
  const double scale = cutoff * cutoff / (spacing_mm * spacing_mm);
  std::vector<float> kernel(static_cast<std::size_t>(count));
  for (std::int64_t n = 0; n < count; ++n) {
    kernel[static_cast<std::size_t>(n)] =
        static_cast<float>(windowed_ramp(cutoff * static_cast<double>(n), filter.window) * scale);
  }
  return kernel;
}

Volume filtered_back_projection(const Sinogram& sinogram, const Grid& grid, const RampFilter& filter) {
  check(sinogram, grid);
  const Plane plane(grid);
  // filter_view() works in blocks of four detectors and looks up lags up to three past the last one.
  const std::vector<float> kernel = ramp_kernel(sinogram.scan.detectors + 3, sinogram.scan.detector_spacing_mm, filter);
  Volume result(grid, 0.0F);
  for_each_slab(sinogram.slices, [&](std::int64_t k0, std::int64_t count) {
    std::vector<Lanes> slab(static_cast<std::size_t>(plane.pixels()));
    fbp_slab(sinogram, plane, kernel, k0, count, slab);
    store_slab(slab, plane, k0, count, result.voxels.data());
  });
  return result;
}

}  // namespace gdm::ct
