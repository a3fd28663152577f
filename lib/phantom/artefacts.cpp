// The base image is not reconstructed anew: only the error of the line integrals is, so that nothing else is blurred.
#include "phantom/artefacts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "ct/parallel.hpp"
#include "sys/parallel.hpp"

namespace gdm::phantom {
namespace {

/// Energies of a 120 kVp beam, 35, 45, 60, 80 and 100 keV: how much of it, chosen by hand, and attenuations of water,
/// cortical bone and iron relative to those at 70 keV (Hubbell & Seltzer 1995, NISTIR 5632).
struct Energy {
  double weight, water, bone, metal;
};
constexpr std::array<Energy, 5> spectrum{{{0.12, 1.6, 3.6, 6.5},
                                          {0.22, 1.27, 1.98, 3.2},
                                          {0.3, 1.07, 1.2, 1.47},
                                          {0.22, 0.95, 0.85, 0.73},
                                          {0.14, 0.88, 0.71, 0.45}}};
constexpr double metal_per_water = 33;  // iron at 70 keV
constexpr double photons = 2e5;
constexpr float metal_hu = 3071;
constexpr std::int64_t views = 360;
constexpr double largest_integral = 14;

double beam(double water, double bone, double metal) {
  double passed = 0, all = 0;
  for (const Energy& e : spectrum) {
    passed += e.weight * std::exp(-(e.water * water + e.bone * bone + e.metal * metal));
    all += e.weight;
  }
  return -std::log(passed / all);
}

/// The water's line integral at the mean energy that the beam reads as `measured`.
double water_corrected(double measured) {
  double low = 0, high = 3 * measured + 1e-9;
  for (int step = 0; step < 40; ++step) {
    const double middle = 0.5 * (low + high);
    (beam(middle, 0, 0) < measured ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

/// water_corrected() by linear interpolation in a table.
class WaterCorrection {
 public:
  WaterCorrection() {
    for (std::size_t n = 0; n < table_.size(); ++n) table_[n] = water_corrected(static_cast<double>(n) * step);
  }
  double operator()(double measured) const {
    const double place = std::clamp(measured / step, 0.0, static_cast<double>(table_.size()) - 1.001);
    const auto n = static_cast<std::size_t>(place);
    return table_[n] + (place - static_cast<double>(n)) * (table_[n + 1] - table_[n]);
  }

 private:
  static constexpr double step = 0.01;
  std::array<double, 2048> table_{};
};

/// 1 in the balls.
Volume implants(const Volume& ct_hu, const Mask& bone, std::int64_t count, Random& draws) {
  Volume metal(ct_hu.grid, 0.0F);
  std::vector<std::int64_t> places;
  for (std::size_t n = 0; n < bone.voxels.size(); ++n) {
    if (bone.voxels[n] != 0) places.push_back(static_cast<std::int64_t>(n));
  }
  const Index3& shape = ct_hu.grid.shape_ijk;
  const Point3 mm = ct_hu.grid.spacing_mm();
  for (std::int64_t m = 0; m < count && !places.empty(); ++m) {
    const std::int64_t at = places[static_cast<std::size_t>(draws.below(static_cast<std::int64_t>(places.size())))];
    const double radius_mm = draws.uniform(2, 4);
    const Index3 centre{at % shape[0], at / shape[0] % shape[1], at / (shape[0] * shape[1])};
    Index3 low, high;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto reach = static_cast<std::int64_t>(std::ceil(radius_mm / mm[axis]));
      low[axis] = std::max<std::int64_t>(centre[axis] - reach, 0);
      high[axis] = std::min(centre[axis] + reach, shape[axis] - 1);
    }
    for (std::int64_t k = low[2]; k <= high[2]; ++k) {
      for (std::int64_t j = low[1]; j <= high[1]; ++j) {
        for (std::int64_t i = low[0]; i <= high[0]; ++i) {
          const double d =
              std::hypot(static_cast<double>(i - centre[0]) * mm[0], static_cast<double>(j - centre[1]) * mm[1],
                         static_cast<double>(k - centre[2]) * mm[2]);
          const auto cover = static_cast<float>(std::clamp(0.5 + (radius_mm - d) / mm[0], 0.0, 1.0));
          metal.at(i, j, k) = std::max(metal.at(i, j, k), cover);
        }
      }
    }
  }
  return metal;
}

/// Line integrals of the three materials, at the mean energy.
struct Materials {
  ct::Sinogram water, bone, metal;
};

Materials project(const Volume& ct_hu, const Volume& metal) {
  Volume water(ct_hu.grid, 0.0F), bone(ct_hu.grid, 0.0F), implant(ct_hu.grid, 0.0F);
  const auto per_mm = static_cast<float>(ct::mu_water_per_mm);
  for (std::size_t n = 0; n < water.voxels.size(); ++n) {
    const float rest = 1 - metal.voxels[n];
    const float mu = std::max(0.0F, per_mm * (1 + ct_hu.voxels[n] / 1000)) * rest;
    const float share = std::clamp((ct_hu.voxels[n] - 150) / 850, 0.0F, 1.0F);
    water.voxels[n] = (1 - share) * mu;
    bone.voxels[n] = share * mu;
    implant.voxels[n] = static_cast<float>(metal_per_water) * per_mm * metal.voxels[n];
  }
  const ct::ParallelScan scan = ct::default_scan(ct_hu.grid, views);
  return {ct::project(water, scan), ct::project(bone, scan), ct::project(implant, scan)};
}

/// What the corrected scan reads beyond the single energy.
ct::Sinogram errors_of(Materials&& rays, bool beam_hardening, std::uint64_t seed) {
  const WaterCorrection corrected;
  ct::Sinogram& errors = rays.water;
  const std::int64_t per_slice = errors.scan.detectors * errors.scan.views;
  parallel_for(errors.slices, [&](std::int64_t k) {
    Random random(seed, static_cast<std::uint64_t>(k));
    for (std::int64_t n = 0; n < per_slice; ++n) {
      const auto at = static_cast<std::size_t>(n + k * per_slice);
      const double water = rays.water.line_integrals[at], bone = rays.bone.line_integrals[at];
      const double metal = rays.metal.line_integrals[at];
      double error = 0;
      if (metal > 1e-6) {
        const double integral = std::min(beam(water, bone, metal), largest_integral);
        const double counts = std::max(random.poisson(photons * std::exp(-integral)), 0.5);
        // The bands of bone are in both terms, so that metal alone is left where they are not wanted.
        const double without = beam_hardening ? water + bone : corrected(beam(water, bone, 0));
        error = corrected(std::log(photons / counts)) - without - metal;
      } else if (beam_hardening) {
        error = corrected(beam(water, bone, 0)) - water - bone;
      }
      errors.line_integrals[at] = static_cast<float>(error);
    }
  });
  return std::move(errors);
}

}  // namespace

void add_beam_artefacts(Volume& ct_hu, const Mask& bone, const CtScan& scan, Random& draws) {
  if (scan.metal == 0 && !scan.beam_hardening) return;
  const Volume metal = implants(ct_hu, bone, scan.metal, draws);
  const ct::Sinogram errors = errors_of(project(ct_hu, metal), scan.beam_hardening, draws.bits());
  const Volume added = ct::filtered_back_projection(errors, ct_hu.grid, ct::Window::hann);
  for (std::size_t n = 0; n < ct_hu.voxels.size(); ++n) {
    float& hu = ct_hu.voxels[n];
    hu = std::max(-1024.0F, hu + 1000 * added.voxels[n] / static_cast<float>(ct::mu_water_per_mm));
    hu += metal.voxels[n] * (metal_hu - hu);
  }
}

}  // namespace gdm::phantom
