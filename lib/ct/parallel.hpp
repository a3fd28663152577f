// Parallel-beam CT of a stack of axial slices: how sparse-view sinograms and their filtered back-projections are made
// from a CT volume. Each k slice is projected on its own; axes i and j are in plane.
//
// Geometry. In-plane millimetres are x = (i - (ni-1)/2) dx and y = (j - (nj-1)/2) dy, so the centre of rotation is the
// centre of the slice and the angles are in the index frame: the affine's directions play no part, so volumes are
// turned before (ct/axial.hpp). Detector d of a view at angle t measures the line x cos t + y sin t = (d -
// (detectors-1)/2) * detector_spacing_mm (Kak & Slaney 1988, "Principles of Computerized Tomographic Imaging",
// section 3.1).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "image/volume.hpp"
#include "sys/names.hpp"

namespace gdm::ct {

/// Linear attenuation of water at about 70 keV, the mean energy of a 120 kVp beam (NIST tables: 0.206 /cm at 60 keV,
/// 0.184 /cm at 80 keV).
constexpr double mu_water_per_mm = 0.0193;

/// Views equally spaced over 180 degrees: view v stands at first_angle_rad + v * pi / views.
struct ParallelScan {
  std::int64_t views = 0;
  std::int64_t detectors = 0;
  double detector_spacing_mm = 0.0;
  double first_angle_rad = 0.0;

  double angle_rad(std::int64_t view) const;
  /// Signed distance of a detector's centre from the centre of rotation.
  double detector_mm(std::int64_t detector) const;
};

/// Detector spacing = the smaller in-plane spacing, and detectors enough for the circle around the slice.
/// Throws Error unless the grid is orthogonal and views >= 1.
ParallelScan default_scan(const Grid& grid, std::int64_t views);

/// Line integrals of attenuation (dimensionless): element d + detectors * (v + views * k).
struct Sinogram {
  ParallelScan scan;
  std::int64_t slices = 0;
  Voxels<float> line_integrals;

  std::size_t offset(std::int64_t detector, std::int64_t view, std::int64_t slice) const {
    return static_cast<std::size_t>(detector + scan.detectors * (view + scan.views * slice));
  }
};

/// HU -> attenuation per mm, mu_water (1 + HU / 1000), clamped at 0.
Volume attenuation_from_hu(Volume volume_hu, double water_per_mm = mu_water_per_mm);
/// Attenuation per mm -> HU; not clamped.
Volume hu_from_attenuation(Volume attenuation_per_mm, double water_per_mm = mu_water_per_mm);

/// Joseph's projector: along each line, linear interpolation in the axis that the line crosses least, one sample per
/// row of the other axis, zero outside the slice (Joseph 1982, IEEE Trans. Med. Imaging 1(3):192-196).
/// With `oversample` N above 1, what a real detector of elements as wide as their spacing would read, so that a
/// reconstruction on the same grid does not invert the very sums that made its data: the slice is the bilinear
/// interpolation of its pixels, N rays cross each element with N times finer steps along each, and the element holds
/// -ln of the mean of exp(-p) over their line integrals p (intensities add, line integrals do not).
/// Throws Error for a grid that is not orthogonal, a scan with a size or spacing <= 0, or oversample < 1.
Sinogram project(const Volume& attenuation_per_mm, const ParallelScan& scan, std::int64_t oversample = 1);

/// The exact transpose of project() without oversampling: the same weights, scattered. Unit: mm times that of the
/// sinogram. Throws Error also when the sinogram does not have a slice for each k of the grid.
Volume back_project(const Sinogram& sinogram, const Grid& grid);

/// add_counting_noise() (ct/counts.hpp) without electronic noise and bow-tie; slice k draws from stream k of `seed`.
void add_poisson_noise(Sinogram& sinogram, double photons, std::uint64_t seed);

/// Apodisation W(f) of the ramp up to the Nyquist frequency 1 / (2 spacing); with s = f * spacing:
/// ram_lak 1, shepp_logan sinc(s), cosine cos(pi s), hamming 0.54 + 0.46 cos(2 pi s), hann 0.5 + 0.5 cos(2 pi s).
enum class Window { ram_lak, shepp_logan, cosine, hamming, hann };

/// A window, squeezed so that it ends at `cutoff` (0 to 1) of the Nyquist frequency; beyond, nothing passes.
struct RampFilter {
  Window window = Window::hann;
  double cutoff = 1.0;

  RampFilter(Window which, double end = 1.0) : window(which), cutoff(end) {}  // not explicit: a window is one
};

/// Impulse response of the windowed ramp at lags 0 .. count-1, in 1/mm^2. Exact inverse transforms of |f| W(f) on the
/// band: ram_lak is Kak & Slaney chapter 3, eq. 60 and 61; the others are sums of its shifts (cosine windows) or Shepp
/// & Logan 1974 (IEEE Trans. Nucl. Sci. 21(3):21-43). Throws Error unless 0 < cutoff <= 1.
std::vector<float> ramp_kernel(std::int64_t count, double spacing_mm, const RampFilter& filter);

/// Filtered back-projection onto `grid`, in attenuation per mm: convolution along the detector in the space domain,
/// then the sum over views at each voxel centre with linear interpolation, times pi / views (Kak & Slaney section 3.3).
/// Beyond the sinogram and the result it holds a few slices per thread. Throws Error as back_project().
Volume filtered_back_projection(const Sinogram& sinogram, const Grid& grid, const RampFilter& filter);

}  // namespace gdm::ct

template <>
struct gdm::Names<gdm::ct::Window> {
  static constexpr std::array list{std::pair{ct::Window::ram_lak, "ram-lak"},
                                   std::pair{ct::Window::shepp_logan, "shepp-logan"},
                                   std::pair{ct::Window::cosine, "cosine"}, std::pair{ct::Window::hamming, "hamming"},
                                   std::pair{ct::Window::hann, "hann"}};
};
