// Counts behind line integrals: bow-ties, electronic noise, and the variance that weights stand for.
#include "ct/counts.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "ct/fdk.hpp"
#include "ct_scans.hpp"
#include "image/volume.hpp"

using namespace gdm;

TEST_CASE("ct counts: behind a cylinder of water a bow-tie makes counts equal, beside it they are the least") {
  ct::Beam beam;
  beam.bow_tie_radius_mm = 100;
  beam.mu_water_per_mm = 0.02;
  const double least = std::exp(-0.02 * 200);
  CHECK(ct::bow_tie_share(0, beam) == 1.0);
  for (const double s : {0.0, 30.0, -30.0, 80.0, 99.0}) {
    const double path_mm = 2 * std::sqrt(100.0 * 100.0 - s * s);
    CHECK(ct::bow_tie_share(s, beam) * std::exp(-0.02 * path_mm) / least == doctest::Approx(1));
  }
  CHECK(ct::bow_tie_share(150, beam) / least == doctest::Approx(1));
}

TEST_CASE("ct counts: mean and variance of noisy line integrals, and the weight that is its inverse") {
  ct::Beam beam{2e4, 30, 0, 0};
  const std::int64_t count = 20000;
  const ct::RayBlocks rays{4, count, 2, [](std::int64_t) { return std::vector<float>{1.0F, 0.25F}; }};
  std::vector<float> values(static_cast<std::size_t>(4 * count), 2.0F);
  const std::vector<float> weights = ct::weights_of_counts(values.data(), rays, beam);
  CHECK(ct::add_counting_noise(values.data(), rays, beam, 5) == 0);
  for (const std::size_t column : {0, 1}) {
    double sum = 0, squares = 0;
    for (std::size_t n = column; n < values.size(); n += 2) {
      sum += values[n];
      squares += values[n] * static_cast<double>(values[n]);
    }
    const double n = static_cast<double>(values.size()) / 2, mean = sum / n;
    CHECK(mean == doctest::Approx(2).epsilon(0.002));
    CHECK((squares / n - mean * mean) * 2e4 * static_cast<double>(weights[column]) == doctest::Approx(1).epsilon(0.02));
  }
}

TEST_CASE("ct counts: rays that count less than one are told") {
  const ct::Beam beam{1000, 0, 0, 0};
  std::vector<float> values(500, 40.0F);
  CHECK(ct::add_counting_noise(values.data(), {5, 100, 10, nullptr}, beam, 1) == 500);
  CHECK(values.front() == doctest::Approx(std::log(1000.0)));
}

TEST_CASE("ct counts: a window with a cut-off is that of a coarser detector at its lags") {
  for (const auto& [window, name] : Names<ct::Window>::list) {
    CAPTURE(std::string(name));
    const auto coarse = ct::ramp_kernel(20, 3.0, window);
    const auto cut = ct::ramp_kernel(800, 1.5, ct::RampFilter(window, 0.5));
    for (std::size_t n = 0; n < 20; ++n) CHECK(std::abs(cut[2 * n] - coarse[n]) < 1e-5 * coarse[0]);
    double sum = 0;  // between the lags: the response is that of a band that ends at half the Nyquist frequency
    for (std::size_t n = 1; n < 800; ++n) sum += (n % 2 == 0 ? 2.0 : -2.0) * cut[n];
    CHECK(std::abs(cut[0] + sum) < 0.03 * cut[0]);
  }
  CHECK_THROWS_AS(ct::ramp_kernel(4, 1.0, ct::RampFilter(ct::Window::hann, 0)), Error);
}

TEST_CASE("ct fdk: what not every view sees is filled, the rest stays") {
  const auto geometry = ct::scan_of(ct::ScanKind::cone, 40, 30, 3, 36);
  const Grid grid = Grid::centred({40, 40, 40}, {4, 4, 4});
  const std::vector<float> rays(static_cast<std::size_t>(36 * geometry.rays_per_view()), 1.0F);
  ct::FdkOptions options;
  const Volume plain = ct::fdk(geometry, rays.data(), grid, options);
  options.outside_per_mm = -5.0F;
  const Volume masked = ct::fdk(geometry, rays.data(), grid, options);
  const double radius_mm = ct::figures_of(ct::PosedScan(geometry, {0, 0, 0})).field_of_view_radius_mm;
  for (std::int64_t i = 0; i < 40; ++i) {
    const double mm = std::abs(grid.ras_of_index({static_cast<double>(i), 20, 20})[0]);
    const bool is_filled = masked.at(i, 20, 20) == -5.0F;
    if (mm < 0.97 * radius_mm) CHECK(masked.at(i, 20, 20) == plain.at(i, 20, 20));
    if (mm > 1.03 * radius_mm) CHECK(is_filled);
  }
  CHECK(masked.at(20, 20, 0) == -5.0F);
}
