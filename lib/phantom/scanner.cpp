#include "phantom/scanner.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "phantom/filter.hpp"
#include "phantom/noise.hpp"
#include "sys/angle.hpp"
#include "sys/parallel.hpp"

namespace gdm::phantom {
namespace {

constexpr float point_spread = 0.14F;        // of the MR, smooth_axis() in voxels
constexpr double field_blur_mm = 2.5;        // of the susceptibility
constexpr double hz_per_tesla_ppm = 42.577;  // of protons
constexpr double coil_share = 0.4;           // of the field of view, the lattice of the coil's sensitivity
constexpr float fine_side = 0.2F, wide_side = 0.25F, slice_side = 0.15F;  // of the CT's noise
constexpr int wide_passes = 3;

float sinc(double cycles) {
  const double x = pi * cycles;
  return static_cast<float>(std::abs(x) < 1e-4 ? 1.0 : std::abs(std::sin(x) / x));
}

/// The share of the signal that a field gradient across the voxels leaves.
void dephase(Volume& mr, Volume field, const MrScan& scan) {
  smooth_mm(field, field_blur_mm);
  const double cycles_per_ppm = hz_per_tesla_ppm * tesla(scan.field) / 3 * scan.timing.te_ms * 1e-3;
  const Index3& shape = mr.grid.shape_ijk;
  const double slice_voxels = std::max(1.0, scan.thickness_mm / mr.grid.spacing_mm()[2]);
  const auto step = [&](std::int64_t i, std::int64_t j, std::int64_t k, std::size_t axis) {
    Index3 low{i, j, k}, high{i, j, k};
    low[axis] = std::max<std::int64_t>(low[axis] - 1, 0);
    high[axis] = std::min(high[axis] + 1, shape[axis] - 1);
    const auto steps = static_cast<double>(std::max<std::int64_t>(high[axis] - low[axis], 1));
    return (field.at(high[0], high[1], high[2]) - field.at(low[0], low[1], low[2])) / steps;
  };
  parallel_for(shape[2], [&](std::int64_t k) {
    for (std::int64_t j = 0; j < shape[1]; ++j) {
      for (std::int64_t i = 0; i < shape[0]; ++i) {
        mr.at(i, j, k) *= sinc(cycles_per_ppm * step(i, j, k, 0)) * sinc(cycles_per_ppm * step(i, j, k, 1)) *
                          sinc(cycles_per_ppm * slice_voxels * step(i, j, k, 2));
      }
    }
  });
}

/// The slices of `thick` voxels that a scan with longer steps along k has: their means.
Volume thick_slices(const Volume& mr, double thick) {
  Grid grid = mr.grid;
  grid.shape_ijk[2] =
      std::max<std::int64_t>(1, std::llround(std::ceil(static_cast<double>(mr.grid.shape_ijk[2]) / thick)));
  Volume slices(grid, 0.0F);
  const auto size = static_cast<std::size_t>(grid.shape_ijk[0] * grid.shape_ijk[1]);
  parallel_for(grid.shape_ijk[2], [&](std::int64_t m) {
    const double from = static_cast<double>(m) * thick;
    const double to = std::min(from + thick, static_cast<double>(mr.grid.shape_ijk[2]));
    float* sum = slices.voxels.data() + slices.offset(0, 0, m);
    for (auto k = static_cast<std::int64_t>(from); static_cast<double>(k) < to; ++k) {
      const auto at = static_cast<double>(k);
      const auto share = static_cast<float>((std::min(at + 1, to) - std::max(at, from)) / (to - from));
      const float* slice = mr.voxels.data() + mr.offset(0, 0, k);
      for (std::size_t n = 0; n < size; ++n) sum[n] += share * slice[n];
    }
  });
  return slices;
}

/// The way back, by linear interpolation between the middles of slices.
void put_back(const Volume& slices, double thick, Volume& mr) {
  const auto size = static_cast<std::size_t>(mr.grid.shape_ijk[0] * mr.grid.shape_ijk[1]);
  const std::int64_t last = slices.grid.shape_ijk[2] - 1;
  parallel_for(mr.grid.shape_ijk[2], [&](std::int64_t k) {
    double place = std::clamp((static_cast<double>(k) + 0.5) / thick - 0.5, 0.0, static_cast<double>(last));
    if (last > 0 && place > static_cast<double>(last - 1)) {
      // The last slice may be cut by the end of the volume, which moves its middle.
      const double before = (static_cast<double>(last) - 0.5) * thick,
                   middle = 0.5 * (static_cast<double>(last) * thick + static_cast<double>(mr.grid.shape_ijk[2]));
      place = static_cast<double>(last - 1) +
              std::clamp((static_cast<double>(k) + 0.5 - before) / (middle - before), 0.0, 1.0);
    }
    const auto low = static_cast<std::int64_t>(place);
    const float t = static_cast<float>(place - static_cast<double>(low));
    const float* a = slices.voxels.data() + slices.offset(0, 0, low);
    const float* b = slices.voxels.data() + slices.offset(0, 0, std::min(low + 1, last));
    float* to = mr.voxels.data() + mr.offset(0, 0, k);
    for (std::size_t n = 0; n < size; ++n) to[n] = a[n] + t * (b[n] - a[n]);
  });
}

void add_rician(Volume& mr, float deviation, const NoiseSource& noise) {
  const auto size = static_cast<std::size_t>(mr.grid.shape_ijk[0] * mr.grid.shape_ijk[1]);
  parallel_for(mr.grid.shape_ijk[2], [&](std::int64_t k) {
    Random random = noise.slice(k);
    float* slice = mr.voxels.data() + mr.offset(0, 0, k);
    for (std::size_t n = 0; n < size; ++n) slice[n] = rician(slice[n], deviation, random);
  });
}

void apply_coil(Volume& mr, const NoiseField& coil, float strength) {
  parallel_for(mr.grid.shape_ijk[2], [&](std::int64_t k) {
    std::vector<float> sensitivity;
    coil.slice(k, sensitivity);
    float* slice = mr.voxels.data() + mr.offset(0, 0, k);
    for (std::size_t n = 0; n < sensitivity.size(); ++n) slice[n] *= std::exp(strength * sensitivity[n]);
  });
}

/// A kernel of smooth_axis() passes.
std::vector<double> kernel_of(const std::vector<float>& sides) {
  std::vector<double> kernel{1};
  for (const float side : sides) {
    std::vector<double> wider(kernel.size() + 2, 0.0);
    for (std::size_t n = 0; n < kernel.size(); ++n) {
      wider[n] += side * kernel[n];
      wider[n + 1] += (1 - 2 * static_cast<double>(side)) * kernel[n];
      wider[n + 2] += side * kernel[n];
    }
    kernel = wider;
  }
  return kernel;
}

/// Sum of products of two centred kernels of odd length, `b` not the shorter.
double product(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  const std::size_t shift = (b.size() - a.size()) / 2;
  for (std::size_t n = 0; n < a.size(); ++n) sum += a[n] * b[n + shift];
  return sum;
}

double noise_deviation() {
  const std::vector<double> fine = kernel_of({fine_side}), along = kernel_of({slice_side});
  std::vector<float> passes{fine_side};
  passes.insert(passes.end(), wide_passes, wide_side);
  const std::vector<double> wide = kernel_of(passes);
  const double in_plane =
      std::pow(product(fine, fine), 2) - 2 * std::pow(product(fine, wide), 2) + std::pow(product(wide, wide), 2);
  return std::sqrt(in_plane * product(along, along));
}

}  // namespace

float rician(float signal, float deviation, Random& random) {
  const float real = signal + deviation * static_cast<float>(random.normal());
  return std::hypot(real, deviation * static_cast<float>(random.normal()));
}

void acquire_mr(Volume& mr, const std::optional<Volume>& susceptibility_ppm, const MrScan& scan, Random& draws,
                const NoiseSource& noise) {
  const Point3 spacing_mm = mr.grid.spacing_mm();
  const Index3& shape = mr.grid.shape_ijk;
  const auto longest = static_cast<double>(*std::max_element(shape.begin(), shape.end()));
  const NoiseField coil(draws, shape, std::max(1.0, coil_share * longest));
  const auto strength = static_cast<float>(draws.uniform(0.04, 0.12));
  const double drawn_snr = draws.uniform(45, 100);
  const auto deviation = static_cast<float>(brightest_signal / scan.snr.value_or(drawn_snr));
  if (susceptibility_ppm) dephase(mr, *susceptibility_ppm, scan);
  for (std::size_t axis = 0; axis < 3; ++axis) smooth_axis(mr.voxels, shape, axis, point_spread);
  apply_coil(mr, coil, strength);
  const double thick = scan.thickness_mm / spacing_mm[2];
  if (thick > 1) {
    Volume slices = thick_slices(mr, thick);
    add_rician(slices, deviation, noise);
    put_back(slices, thick, mr);
  } else {
    add_rician(mr, deviation, noise);
  }
  for (float& value : mr.voxels) value = std::min(std::round(value), 3071.0F);
}

Volume ct_noise(const Grid& grid, const NoiseSource& noise) {
  Volume fine(grid, 0.0F);
  const Index3& shape = grid.shape_ijk;
  const auto size = static_cast<std::size_t>(shape[0] * shape[1]);
  parallel_for(shape[2], [&](std::int64_t k) {
    Random random = noise.slice(k);
    float* slice = fine.voxels.data() + fine.offset(0, 0, k);
    for (std::size_t n = 0; n < size; ++n) slice[n] = static_cast<float>(random.normal());
  });
  smooth_axis(fine.voxels, shape, 2, slice_side);
  for (const std::size_t axis : {0U, 1U}) smooth_axis(fine.voxels, shape, axis, fine_side);
  Voxels<float> wide = fine.voxels;
  for (int pass = 0; pass < wide_passes; ++pass) {
    for (const std::size_t axis : {0U, 1U}) smooth_axis(wide, shape, axis, wide_side);
  }
  const auto scale = static_cast<float>(1 / noise_deviation());
  for (std::size_t n = 0; n < wide.size(); ++n) fine.voxels[n] = scale * (fine.voxels[n] - wide[n]);
  return fine;
}

void acquire_ct(Volume& ct_hu, double noise_hu, const NoiseSource& noise) {
  const Volume unit = ct_noise(ct_hu.grid, noise);
  for (std::size_t n = 0; n < unit.voxels.size(); ++n) {
    const float hu = ct_hu.voxels[n] + static_cast<float>(noise_hu) * unit.voxels[n];
    ct_hu.voxels[n] = std::round(std::clamp(hu, -1024.0F, 3071.0F));
  }
}

}  // namespace gdm::phantom
