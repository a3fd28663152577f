// How much fine structure a prediction has: its power spectrum over that of the target.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "image/volume.hpp"

namespace gdm::metrics {

struct SpectrumOptions {
  std::int64_t window = 32;  ///< voxels along each axis at most; a power of 2, at least 8
  double inside = 0.9;       ///< share of a window's voxels that must lie in the mask
};

struct SpectrumBand {
  double low_per_mm = 0, high_per_mm = 0;     ///< radial frequencies low < f <= high, cycles per mm
  double target_hu2 = 0, prediction_hu2 = 0;  ///< mean power per frequency and window, in HU^2 of windowed voxels
  std::optional<double> ratio;                ///< prediction / target; none where the target has no power
};

/// Bins of frequencies in cycles per voxel of the coarsest axis, from 0 to its Nyquist frequency 1/2: what volumes of
/// other voxels can be averaged over.
constexpr std::size_t power_bins = 8;
using PowerRatios = std::vector<std::optional<double>>;  ///< power_bins values, or none at all

struct SpectrumRatio {
  std::vector<SpectrumBand> bands;   ///< ascending, up to the Nyquist frequency of the coarsest axis
  std::int64_t windows = 0;          ///< 0: no band has a ratio
  Index3 window_ijk{0, 0, 0};        ///< voxels of a window
  double nyquist_per_mm = 0;         ///< of the coarsest axis
  std::optional<double> top_octave;  ///< ratio of the powers summed over nyquist / 2 < f <= nyquist

  /// In each bin the ratio of the band that holds its middle.
  PowerRatios binned() const;
  /// Root of the mean squared 10 log10(ratio) over bands; none without a ratio.
  std::optional<double> error_db() const;
};

/// Radial power spectra by Welch's method (IEEE Trans. Audio Electroacoust. 15, 1967) in three dimensions: windows that
/// overlap by half, Hann-weighted along each axis and by the mask, their weighted mean removed; squared Fourier
/// magnitudes averaged over windows and over the frequencies of a band. Bands are as wide as the coarsest frequency
/// step, 1 / (window extent in mm). Frequencies beyond the coarsest axis' Nyquist frequency (corners of the spectrum)
/// are left out. 1 everywhere for equal volumes; below 1 is blur, above 1 noise. Blur by a kernel gives its squared
/// transfer function, where the spectrum does not fall so steeply that the Hann window's side lobes (-31 dB) fill it.
/// An axis shorter than the window takes the largest power of 2 that fits. No windows: an axis shorter than 8 voxels,
/// or a mask that holds none. Does not depend on the number of threads. Throws Error as check_gradable(), and for
/// options out of range.
SpectrumRatio spectrum_ratio(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                             const SpectrumOptions& options = {});

}  // namespace gdm::metrics
