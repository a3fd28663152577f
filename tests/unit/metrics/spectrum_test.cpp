// Spectra of blurred noise against the blur's transfer function; distances of shifted HU distributions.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <ctime>

#include "grade/metric.hpp"
#include "image/orientation.hpp"
#include "metrics/pixel.hpp"
#include "metrics/spectrum.hpp"
#include "metrics/wasserstein.hpp"
#include "metrics_volumes.hpp"
#include "sys/angle.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"
#include "sys/random.hpp"

using namespace gdm;
using namespace gdm::metrics;
using namespace gdm::grade;

namespace {

Volume white_noise(const Grid& grid, std::uint64_t seed) {
  Volume volume(grid, 0.0F);
  Random random(seed);
  for (float& v : volume.voxels) v = static_cast<float>(100.0 * random.normal());
  return volume;
}

/// (1/4, 1/2, 1/4) along one axis, periodic; transfer function cos^2(pi f spacing).
Volume blurred(const Volume& volume, std::size_t axis) {
  Volume result(volume.grid, 0.0F);
  const Index3& n = volume.grid.shape_ijk;
  for (std::int64_t k = 0; k < n[2]; ++k) {
    for (std::int64_t j = 0; j < n[1]; ++j) {
      for (std::int64_t i = 0; i < n[0]; ++i) {
        Index3 before{i, j, k}, after{i, j, k};
        before[axis] = (before[axis] + n[axis] - 1) % n[axis];
        after[axis] = (after[axis] + 1) % n[axis];
        result.at(i, j, k) = 0.25F * volume.at(before[0], before[1], before[2]) + 0.5F * volume.at(i, j, k) +
                             0.25F * volume.at(after[0], after[1], after[2]);
      }
    }
  }
  return result;
}

/// Mean of the squared transfer function over the frequencies low < f <= high of a 32^3 window.
double expected_ratio(const Point3& spacing, double low, double high, std::array<bool, 3> blur) {
  double sum = 0, count = 0;
  for (int c = -16; c < 16; ++c) {
    for (int b = -16; b < 16; ++b) {
      for (int a = -16; a < 16; ++a) {
        const Point3 cycles{a / 32.0, b / 32.0, c / 32.0};  // per voxel
        const double f = std::hypot(cycles[0] / spacing[0], cycles[1] / spacing[1], cycles[2] / spacing[2]);
        if (f <= low + 1e-9 || f > high + 1e-9) continue;
        double transfer = 1;
        for (std::size_t x = 0; x < 3; ++x) transfer *= blur[x] ? std::pow(std::cos(pi * cycles[x]), 2) : 1.0;
        sum += transfer * transfer;
        count += 1;
      }
    }
  }
  return sum / count;
}

}  // namespace

TEST_CASE("spectrum: blurred noise has the squared transfer function, spacing respected") {
  const Point3 spacing{1.0, 1.0, 2.0};
  const Grid grid = Grid::centred({72, 64, 48}, spacing);
  const Volume target = white_noise(grid, 1);
  const Mask mask(grid, 1);
  for (const std::size_t axis : {std::size_t{0}, std::size_t{2}}) {
    const SpectrumRatio spectrum = spectrum_ratio(blurred(target, axis), target, mask);
    CHECK(spectrum.windows == 4 * 3 * 2);
    CHECK(spectrum.nyquist_per_mm == doctest::Approx(0.25));
    REQUIRE(spectrum.bands.size() == 8);  // steps of 1/32 per mm up to 1/4
    CHECK(spectrum.bands.back().high_per_mm == doctest::Approx(0.25));
    std::array<bool, 3> blur{};
    blur[axis] = true;
    double octave = 0;
    for (const SpectrumBand& band : spectrum.bands) {
      const double expected = expected_ratio(spacing, band.low_per_mm, band.high_per_mm, blur);
      CHECK(*band.ratio == doctest::Approx(expected).epsilon(0.06));
      octave = expected;
    }
    octave = expected_ratio(spacing, 0.125, 0.25, blur);
    CHECK(*spectrum.top_octave == doctest::Approx(octave).epsilon(0.02));
  }
}

TEST_CASE("spectrum: the power of a window is that of a direct Fourier sum") {
  const Grid grid = Grid::centred({8, 8, 8}, {1, 1, 1});
  const Volume target = white_noise(grid, 4), prediction = white_noise(grid, 5);
  SpectrumOptions options;
  options.window = 8;
  const SpectrumRatio spectrum = spectrum_ratio(prediction, target, Mask(grid, 1), options);
  const auto hann = [](std::int64_t n) { return 0.5 - 0.5 * std::cos(2.0 * pi * static_cast<double>(n) / 8.0); };
  double weights = 0, mean = 0;
  for (std::int64_t n = 0; n < 512; ++n) {
    const double w = hann(n % 8) * hann(n / 8 % 8) * hann(n / 64);
    weights += w;
    mean += w * target.voxels[static_cast<std::size_t>(n)];
  }
  mean /= weights;
  double power = 0;
  int count = 0;
  for (int c = -4; c < 4; ++c) {
    for (int b = -4; b < 4; ++b) {
      for (int a = -4; a < 4; ++a) {
        const double f = std::sqrt(a * a + b * b + c * c);
        if (f <= 2.0 || f > 3.0) continue;
        double re = 0, im = 0;
        for (std::int64_t n = 0; n < 512; ++n) {
          const double i = static_cast<double>(n % 8), j = static_cast<double>(n / 8 % 8),
                       k = static_cast<double>(n / 64);
          const double v = hann(n % 8) * hann(n / 8 % 8) * hann(n / 64) *
                           (static_cast<double>(target.voxels[static_cast<std::size_t>(n)]) - mean);
          const double phase = 2.0 * pi * (a * i + b * j + c * k) / 8.0;
          re += v * std::cos(phase);
          im -= v * std::sin(phase);
        }
        power += re * re + im * im;
        ++count;
      }
    }
  }
  REQUIRE(spectrum.bands.size() == 4);
  CHECK(spectrum.bands[2].target_hu2 == doctest::Approx(power / count).epsilon(1e-10));
}

TEST_CASE("spectrum: equal, scaled and constant volumes, windows, threads") {
  const Grid grid = Grid::centred({40, 34, 33}, {1, 1, 1.5});
  const Volume target = white_noise(grid, 2);
  Mask mask(grid, 1);
  Volume doubled = target;
  for (float& v : doubled.voxels) v = 2.0F * v + 300.0F;
  const SpectrumRatio spectrum = spectrum_ratio(doubled, target, mask);
  for (const SpectrumBand& band : spectrum.bands) CHECK(*band.ratio == doctest::Approx(4.0).epsilon(1e-4));
  CHECK(*spectrum_ratio(target, target, mask).top_octave == doctest::Approx(1.0).epsilon(1e-12));
  const Volume flat(grid, 40.0F);
  CHECK_FALSE(spectrum_ratio(target, flat, mask).top_octave.has_value());
  CHECK(*spectrum_ratio(flat, target, mask).top_octave < 1e-12);
  const int before = thread_count();
  set_thread_count(1);
  const double one = *spectrum_ratio(blurred(target, 1), target, mask).top_octave;
  set_thread_count(3);
  CHECK(*spectrum_ratio(blurred(target, 1), target, mask).top_octave == one);
  set_thread_count(before);
  Mask half(grid, 0);  // no window has 90 % of its voxels in it
  std::fill(half.voxels.begin(), half.voxels.begin() + static_cast<std::ptrdiff_t>(half.voxels.size() / 2), 1);
  const SpectrumRatio nothing = spectrum_ratio(target, target, half);
  CHECK(nothing.windows == 0);
  CHECK(nothing.bands.empty());
  CHECK_FALSE(nothing.top_octave.has_value());
  const Grid thin = Grid::centred({40, 40, 7}, {1, 1, 1});
  CHECK(spectrum_ratio(Volume(thin, 0), Volume(thin, 0), Mask(thin, 1)).windows == 0);
  const Grid flat_grid = Grid::centred({40, 40, 20}, {1, 1, 1});
  CHECK(spectrum_ratio(white_noise(flat_grid, 1), white_noise(flat_grid, 2), Mask(flat_grid, 1)).window_ijk ==
        Index3{32, 32, 16});
  CHECK_THROWS_AS(spectrum_ratio(target, target, Mask(grid, 0)), Error);
  SpectrumOptions bad;
  bad.window = 24;
  CHECK_THROWS_AS(spectrum_ratio(target, target, mask, bad), Error);
}

TEST_CASE("spectrum: as metrics of the groups spectrum and error, and binned") {
  const Grid grid = Grid::centred({40, 34, 33}, {1, 1, 3});
  const Volume target = white_noise(grid, 2);
  const Mask mask(grid, 1);
  Volume doubled = target;
  for (float& v : doubled.voxels) v *= 2.0F;
  const SpectrumRatio ratio = spectrum_ratio(doubled, target, mask);
  CHECK(ratio.bands.size() < power_bins);  // bins without a band of their own have that of their middle
  const PowerRatios bins = ratio.binned();
  REQUIRE(bins.size() == power_bins);
  for (const auto& bin : bins) CHECK(*bin == doctest::Approx(4.0).epsilon(1e-4));
  const SpectrumRatio blur = spectrum_ratio(blurred(target, 2), target, mask);
  CHECK(*blur.binned().front() == *blur.bands.front().ratio);
  CHECK(*blur.binned()[6] == *blur.bands[4].ratio);  // its middle lies at 4 1/3 bands
  CHECK(*blur.binned()[4] < *blur.binned()[1]);

  Settings settings;
  settings.selection = "spectrum,wasserstein_hu";
  const auto wanted = metric_list(settings);
  const Scores scores = measure({doubled, target, mask}, settings, wanted);
  const auto values = scores.values();
  REQUIRE(values.size() == 3);
  CHECK(*values[0] == doctest::Approx(10.0 * std::log10(4.0)).epsilon(1e-4));
  CHECK(*values[1] == doctest::Approx(10.0 * std::log10(4.0)).epsilon(1e-4));
  CHECK(*values[2] == wasserstein_hu(doubled, target, mask));
  const auto turned = [](const auto& image) { return reoriented(image, standard_orientation); };  // as measure() turns
  CHECK(scores.power_ratios == spectrum_ratio(turned(doubled), turned(target), turned(mask), {16, 0.9}).binned());
  CHECK(*measure({target, target, mask}, settings, wanted).values()[1] < 1e-9);
  const Scores flat = measure({target, Volume(grid, 5.0F), mask}, settings, wanted);
  CHECK_FALSE(flat.values()[0].has_value());
  CHECK(flat.notes.at(0) == "power_high_db is undefined: the target has no power there");
  const Grid thin = Grid::centred({40, 40, 7}, {1, 1, 1});
  const Volume thin_noise = white_noise(thin, 4);
  const Scores none = measure({thin_noise, thin_noise, Mask(thin, 1)}, settings, wanted);
  CHECK(none.notes.at(0).find("no window of at least 8 voxels") != std::string::npos);
  CHECK(none.power_ratios.size() == power_bins);
}

TEST_CASE("spectrum: what lies outside the mask does not matter") {
  const Grid grid = Grid::centred({32, 32, 32}, {1, 1, 1});
  Volume target = white_noise(grid, 6), prediction = white_noise(grid, 7);
  Mask mask(grid, 1);
  for (std::size_t n = 0; n < 2000; ++n) mask.voxels[n * 16] = 0;
  const SpectrumRatio before = spectrum_ratio(prediction, target, mask);
  for (std::size_t n = 0; n < 2000; ++n) {
    target.voxels[n * 16] = -1e4F;
    prediction.voxels[n * 16] = NAN;
  }
  CHECK(before.windows == 1);
  CHECK(spectrum_ratio(prediction, target, mask).top_octave == before.top_octave);
}

TEST_CASE("wasserstein: shifts, permutations, closed forms, MAE as the bound") {
  const test::Pair pair = test::golden_pair(5);
  Volume shifted = pair.target, turned = pair.target;
  for (float& v : shifted.voxels) v -= 37.0F;
  CHECK(wasserstein_hu(shifted, pair.target, pair.mask) == doctest::Approx(37.0).epsilon(1e-6));
  CHECK(wasserstein_hu(pair.target, pair.target, pair.mask) == 0);
  std::reverse(turned.voxels.begin(), turned.voxels.end());
  CHECK(wasserstein_hu(turned, pair.target, Mask(pair.target.grid, 1)) == 0);
  std::vector<float> a, b;
  for (std::size_t n = 0; n < pair.mask.voxels.size(); ++n) {
    if (pair.mask.voxels[n] == 0) continue;
    a.push_back(pair.prediction.voxels[n]);
    b.push_back(pair.target.voxels[n]);
  }
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  double sum = 0;
  for (std::size_t n = 0; n < a.size(); ++n) sum += std::abs(static_cast<double>(a[n]) - static_cast<double>(b[n]));
  const double distance = wasserstein_hu(pair.prediction, pair.target, pair.mask);
  CHECK(distance == doctest::Approx(sum / static_cast<double>(a.size())).epsilon(1e-12));
  CHECK(distance <= pixel_metrics(pair.prediction, pair.target, pair.mask, {}).mae_hu);
  CHECK(distance == wasserstein_hu(pair.target, pair.prediction, pair.mask));
  CHECK_THROWS_AS(wasserstein_hu(pair.target, pair.target, Mask(pair.target.grid, 0)), Error);
  Mask one(pair.target.grid, 0);
  one.voxels[7] = 1;
  CHECK(wasserstein_hu(shifted, pair.target, one) == doctest::Approx(37.0));
}

TEST_CASE("spectrum: speed of spectra and Wasserstein" * doctest::skip()) {
  const auto seconds = [](std::clock_t start) { return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC; };
  const Grid grid = Grid::centred({256, 256, 128}, {1, 1, 1});
  const Volume x = white_noise(grid, 1), y = white_noise(grid, 2);
  const Mask mask(grid, 1);
  std::clock_t start = std::clock();
  const SpectrumRatio spectrum = spectrum_ratio(x, y, mask);
  MESSAGE(spectrum.windows, " windows in ", seconds(start), " s of CPU time");
  start = std::clock();
  const double distance = wasserstein_hu(x, y, mask);
  MESSAGE("Wasserstein ", distance, " in ", seconds(start), " s of CPU time");
}
