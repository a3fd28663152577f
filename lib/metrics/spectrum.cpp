// Prediction and target go through one complex transform as its real and imaginary part.
#include "metrics/spectrum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <unsupported/Eigen/FFT>

#include "metrics/pixel.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

namespace gdm::metrics {
namespace {

using Complex = std::complex<double>;

constexpr std::int64_t shortest_axis = 8, windows_per_task = 16;
constexpr double two_pi = 6.283185307179586476925;

/// What all windows share: weights, and the band of every frequency.
struct Layout {
  Index3 shape{};
  std::array<std::vector<double>, 3> hann;
  std::vector<int> band;                  ///< -1: the mean, or beyond the Nyquist frequency; otherwise i fastest
  std::vector<bool> top_octave;           ///< as band
  std::vector<std::int64_t> frequencies;  ///< number of them in each band
  double step_per_mm = 0, nyquist_per_mm = 0;

  std::size_t voxels() const { return static_cast<std::size_t>(voxel_count(shape)); }
};

Layout layout_of(const Grid& grid, std::int64_t window) {
  Layout layout;
  const Point3 spacing = grid.spacing_mm();
  layout.nyquist_per_mm = 0.5 / *std::max_element(spacing.begin(), spacing.end());
  for (std::size_t a = 0; a < 3; ++a) {
    layout.shape[a] = window;
    while (layout.shape[a] > grid.shape_ijk[a]) layout.shape[a] /= 2;
    const double extent = static_cast<double>(layout.shape[a]);
    for (std::int64_t n = 0; n < layout.shape[a]; ++n) {
      layout.hann[a].push_back(0.5 - 0.5 * std::cos(two_pi * static_cast<double>(n) / extent));
    }
    if (layout.shape[a] < shortest_axis) return layout;
    layout.step_per_mm = std::max(layout.step_per_mm, 1.0 / (extent * spacing[a]));
  }
  constexpr double rounding = 1e-9;
  const double steps = layout.nyquist_per_mm / layout.step_per_mm;
  layout.frequencies.assign(static_cast<std::size_t>(std::ceil(steps - rounding)), 0);
  const auto frequency = [&](std::int64_t n, std::size_t a) {
    const std::int64_t signed_n = 2 * n > layout.shape[a] ? n - layout.shape[a] : n;
    return static_cast<double>(signed_n) / (static_cast<double>(layout.shape[a]) * spacing[a]);
  };
  for (std::int64_t k = 0; k < layout.shape[2]; ++k) {
    for (std::int64_t j = 0; j < layout.shape[1]; ++j) {
      for (std::int64_t i = 0; i < layout.shape[0]; ++i) {
        const double f = std::hypot(frequency(i, 0), frequency(j, 1), frequency(k, 2)) / layout.step_per_mm;
        const int band = f > steps + rounding ? -1 : static_cast<int>(std::ceil(f - rounding)) - 1;
        layout.band.push_back(band);
        layout.top_octave.push_back(band >= 0 && f > 0.5 * steps + rounding);
        if (band >= 0) ++layout.frequencies[static_cast<std::size_t>(band)];
      }
    }
  }
  return layout;
}

/// Where windows begin along an axis: every half window, the last one at the end of the axis.
std::vector<std::int64_t> starts_of(std::int64_t extent, std::int64_t window) {
  std::vector<std::int64_t> starts;
  for (std::int64_t n = 0; n + window < extent; n += window / 2) starts.push_back(n);
  starts.push_back(extent - window);
  return starts;
}

std::vector<Index3> windows_of(const Mask& mask, const Layout& layout, double inside) {
  std::vector<Index3> windows;
  std::array<std::vector<std::int64_t>, 3> starts;
  for (std::size_t a = 0; a < 3; ++a) starts[a] = starts_of(mask.grid.shape_ijk[a], layout.shape[a]);
  const double wanted = inside * static_cast<double>(layout.voxels());
  for (const std::int64_t k : starts[2]) {
    for (const std::int64_t j : starts[1]) {
      for (const std::int64_t i : starts[0]) {
        std::int64_t count = 0;
        for (std::int64_t z = 0; z < layout.shape[2]; ++z) {
          for (std::int64_t y = 0; y < layout.shape[1]; ++y) {
            const std::uint8_t* row = &mask.at(i, j + y, k + z);
            count += layout.shape[0] - std::count(row, row + layout.shape[0], std::uint8_t{0});
          }
        }
        if (count > 0 && static_cast<double>(count) >= wanted) windows.push_back({i, j, k});
      }
    }
  }
  return windows;
}

struct Powers {
  std::vector<double> target, prediction;  ///< per band, summed over frequencies and windows
  double target_octave = 0, prediction_octave = 0;
};

/// Buffers of one thread's work and the transform of one window after the other.
class Transformer {
 public:
  Transformer(const Volume& prediction, const Volume& target, const Mask& mask, const Layout& layout)
      : prediction_(prediction), target_(target), mask_(mask), layout_(layout) {
    values_.resize(layout.voxels());
    line_.resize(static_cast<std::size_t>(*std::max_element(layout.shape.begin(), layout.shape.end())));
    out_ = line_;
    powers.target.assign(layout.frequencies.size(), 0.0);
    powers.prediction = powers.target;
  }

  Powers powers;

  void add(const Index3& start) {
    fill(start);
    const Index3& n = layout_.shape;
    transform_lines(1, n[0], n[1] * n[2], n[0], 1, 0);
    transform_lines(n[0], n[1], n[0], 1, n[2], n[0] * n[1]);
    transform_lines(n[0] * n[1], n[2], n[0] * n[1], 1, 1, 0);
    sum_powers();
  }

 private:
  template <class Body>
  void for_masked(const Index3& start, Body&& body) {
    const Index3& n = layout_.shape;
    std::size_t at = 0;
    for (std::int64_t k = 0; k < n[2]; ++k) {
      for (std::int64_t j = 0; j < n[1]; ++j) {
        const double weight =
            layout_.hann[2][static_cast<std::size_t>(k)] * layout_.hann[1][static_cast<std::size_t>(j)];
        const std::size_t row = mask_.offset(start[0], start[1] + j, start[2] + k);
        for (std::size_t i = 0; i < layout_.hann[0].size(); ++i, ++at) {
          if (mask_.voxels[row + i] != 0) body(at, row + i, weight * layout_.hann[0][i]);
        }
      }
    }
  }

  void fill(const Index3& start) {
    Complex mean = 0;
    double weights = 0;
    for_masked(start, [&](std::size_t, std::size_t voxel, double weight) {
      mean += weight * Complex(prediction_.voxels[voxel], target_.voxels[voxel]);
      weights += weight;
    });
    if (weights > 0) mean /= weights;
    std::fill(values_.begin(), values_.end(), Complex(0, 0));
    for_masked(start, [&](std::size_t at, std::size_t voxel, double weight) {
      values_[at] = weight * (Complex(prediction_.voxels[voxel], target_.voxels[voxel]) - mean);
    });
  }

  /// Transforms lines of `length` values `stride` apart, in `outer` groups of `lines`.
  void transform_lines(std::int64_t stride, std::int64_t length, std::int64_t lines, std::int64_t line_step,
                       std::int64_t outer, std::int64_t outer_step) {
    for (std::int64_t o = 0; o < outer; ++o) {
      for (std::int64_t l = 0; l < lines; ++l) {
        Complex* first = values_.data() + o * outer_step + l * line_step;
        for (std::int64_t n = 0; n < length; ++n) line_[static_cast<std::size_t>(n)] = first[n * stride];
        fft_.fwd(out_.data(), line_.data(), length);
        for (std::int64_t n = 0; n < length; ++n) first[n * stride] = out_[static_cast<std::size_t>(n)];
      }
    }
  }

  /// With z = p + i t: P(f) = (Z(f) + conj Z(-f)) / 2 and T(f) = (Z(f) - conj Z(-f)) / 2i.
  void sum_powers() {
    const Index3& n = layout_.shape;
    const auto negative = [](std::int64_t f, std::int64_t extent) { return f == 0 ? 0 : extent - f; };
    std::size_t at = 0;
    for (std::int64_t k = 0; k < n[2]; ++k) {
      for (std::int64_t j = 0; j < n[1]; ++j) {
        const std::int64_t row = n[0] * (negative(j, n[1]) + n[1] * negative(k, n[2]));
        for (std::int64_t i = 0; i < n[0]; ++i, ++at) {
          if (layout_.band[at] < 0) continue;
          const Complex here = values_[at],
                        there = std::conj(values_[static_cast<std::size_t>(row + negative(i, n[0]))]);
          const double prediction = 0.25 * std::norm(here + there), target = 0.25 * std::norm(here - there);
          const std::size_t band = static_cast<std::size_t>(layout_.band[at]);
          powers.prediction[band] += prediction;
          powers.target[band] += target;
          if (!layout_.top_octave[at]) continue;
          powers.prediction_octave += prediction;
          powers.target_octave += target;
        }
      }
    }
  }

  const Volume &prediction_, &target_;
  const Mask& mask_;
  const Layout& layout_;
  std::vector<Complex> values_, line_, out_;
  Eigen::FFT<double> fft_;
};

Powers sum_windows(const Volume& prediction, const Volume& target, const Mask& mask, const Layout& layout,
                   const std::vector<Index3>& windows) {
  const std::int64_t count = static_cast<std::int64_t>(windows.size());
  std::vector<Powers> parts(static_cast<std::size_t>((count + windows_per_task - 1) / windows_per_task));
  parallel_for(static_cast<std::int64_t>(parts.size()), [&](std::int64_t task) {
    Transformer transformer(prediction, target, mask, layout);
    const std::int64_t last = std::min(count, (task + 1) * windows_per_task);
    for (std::int64_t w = task * windows_per_task; w < last; ++w) transformer.add(windows[static_cast<std::size_t>(w)]);
    parts[static_cast<std::size_t>(task)] = std::move(transformer.powers);
  });
  Powers total = parts.front();
  for (std::size_t p = 1; p < parts.size(); ++p) {
    for (std::size_t b = 0; b < total.target.size(); ++b) {
      total.target[b] += parts[p].target[b];
      total.prediction[b] += parts[p].prediction[b];
    }
    total.target_octave += parts[p].target_octave;
    total.prediction_octave += parts[p].prediction_octave;
  }
  return total;
}

/// Of mean powers. Less than `rounding_hu2` is what a constant volume leaves.
std::optional<double> ratio_of(double prediction, double target) {
  constexpr double rounding_hu2 = 1e-9;
  if (target > rounding_hu2) return prediction / target;
  return std::nullopt;
}

}  // namespace

PowerRatios SpectrumRatio::binned() const {
  PowerRatios ratios(power_bins);
  for (std::size_t bin = 0; bin < power_bins; ++bin) {
    const double middle = (static_cast<double>(bin) + 0.5) / static_cast<double>(power_bins) * nyquist_per_mm;
    for (const SpectrumBand& band : bands) {
      if (band.low_per_mm < middle && middle <= band.high_per_mm) ratios[bin] = band.ratio;
    }
  }
  return ratios;
}

std::optional<double> SpectrumRatio::error_db() const {
  double squares = 0, count = 0;
  for (const SpectrumBand& band : bands) {
    if (!band.ratio) continue;
    const double db = 10.0 * std::log10(*band.ratio);
    squares += db * db;
    ++count;
  }
  return count > 0 ? std::optional<double>(std::sqrt(squares / count)) : std::nullopt;
}

SpectrumRatio spectrum_ratio(const Volume& prediction_hu, const Volume& target_hu, const Mask& mask,
                             const SpectrumOptions& options) {
  if (options.window < shortest_axis || (options.window & (options.window - 1)) != 0) {
    throw Error(fmt::format("spectrum windows of {} voxels, expected a power of 2 of at least {}", options.window,
                            shortest_axis));
  }
  if (!(options.inside > 0 && options.inside <= 1)) {
    throw Error(
        fmt::format("windows with a share of {} inside the mask, expected above 0 and at most 1", options.inside));
  }
  check_gradable(prediction_hu, target_hu, mask);
  const Layout layout = layout_of(mask.grid, options.window);
  SpectrumRatio result;
  result.window_ijk = layout.shape;
  result.nyquist_per_mm = layout.nyquist_per_mm;
  if (layout.frequencies.empty()) return result;
  const std::vector<Index3> windows = windows_of(mask, layout, options.inside);
  if (windows.empty()) return result;
  const Powers powers = sum_windows(prediction_hu, target_hu, mask, layout, windows);
  result.windows = static_cast<std::int64_t>(windows.size());
  const double octave =
      static_cast<double>(std::count(layout.top_octave.begin(), layout.top_octave.end(), true) * result.windows);
  result.top_octave = ratio_of(powers.prediction_octave / octave, powers.target_octave / octave);
  for (std::size_t b = 0; b < layout.frequencies.size(); ++b) {
    const double n = static_cast<double>(layout.frequencies[b] * result.windows);
    const double low = static_cast<double>(b) * layout.step_per_mm;
    const double target = powers.target[b] / n, prediction = powers.prediction[b] / n;
    result.bands.push_back({low, std::min(low + layout.step_per_mm, layout.nyquist_per_mm), target, prediction,
                            ratio_of(prediction, target)});
  }
  return result;
}

}  // namespace gdm::metrics
