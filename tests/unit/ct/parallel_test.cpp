// Parallel-beam CT against closed forms: projector, transpose, noise and filtered back-projection.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "ct/parallel.hpp"
#include "ct_scans.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"
#include "sys/random.hpp"

using namespace gdm;

namespace {

/// An ellipse of attenuation 1 per mm in index-frame millimetres, turned by angle_rad.
struct Ellipse {
  double x_mm, y_mm, a_mm, b_mm, angle_rad;

  /// (r^2 - 1) sign convention: negative inside.
  double radius_squared(double x, double y) const {
    const double c = std::cos(angle_rad), s = std::sin(angle_rad);
    const double u = ((x - x_mm) * c + (y - y_mm) * s) / a_mm, v = (-(x - x_mm) * s + (y - y_mm) * c) / b_mm;
    return u * u + v * v;
  }
  /// Squared half width of the shadow at a view angle, and the signed offset of a line from the centre's line.
  double shadow_squared(double view_rad) const {
    const double c = std::cos(view_rad - angle_rad), s = std::sin(view_rad - angle_rad);
    return a_mm * a_mm * c * c + b_mm * b_mm * s * s;
  }
  double offset(double view_rad, double t_mm) const {
    return t_mm - x_mm * std::cos(view_rad) - y_mm * std::sin(view_rad);
  }
  /// Line integral of (1 - r^2)^n inside the ellipse: n = 0 is the uniform ellipse (Kak & Slaney section 3.1).
  double line_integral(double view_rad, double t_mm, int n) const {
    const double w2 = shadow_squared(view_rad), t = offset(view_rad, t_mm), q = 1.0 - t * t / w2;
    if (q <= 0) return 0.0;
    const double chord = 2.0 * a_mm * b_mm / std::sqrt(w2) * std::sqrt(q);
    return n == 0 ? chord : chord * q * q * 8.0 / 15.0;  // integral of (1 - s^2)^2 over -1..1 is 16/15
  }
};

Point3 in_plane_mm(const Grid& grid, std::int64_t i, std::int64_t j) {
  const Point3 s = grid.spacing_mm();
  return {(static_cast<double>(i) - 0.5 * static_cast<double>(grid.shape_ijk[0] - 1)) * s[0],
          (static_cast<double>(j) - 0.5 * static_cast<double>(grid.shape_ijk[1] - 1)) * s[1], 0.0};
}

/// Cell averages (8 x 8 samples) of the ellipse, or of (1 - r^2)^2 inside it when smooth.
Volume drawn(const Grid& grid, const Ellipse& ellipse, bool smooth) {
  Volume volume(grid, 0.0F);
  const Point3 spacing = grid.spacing_mm();
  constexpr int n = 8;
  for (std::int64_t j = 0; j < grid.shape_ijk[1]; ++j) {
    for (std::int64_t i = 0; i < grid.shape_ijk[0]; ++i) {
      const Point3 p = in_plane_mm(grid, i, j);
      double sum = 0;
      for (int s = 0; s < n * n; ++s) {
        const double r2 = ellipse.radius_squared(p[0] + ((s % n + 0.5) / n - 0.5) * spacing[0],
                                                 p[1] + ((s / n + 0.5) / n - 0.5) * spacing[1]);
        if (r2 < 1) sum += smooth ? (1 - r2) * (1 - r2) : 1.0;
      }
      for (std::int64_t k = 0; k < grid.shape_ijk[2]; ++k) volume.at(i, j, k) = static_cast<float>(sum / (n * n));
    }
  }
  return volume;
}

/// Relative root-mean-square error of the projection of an ellipse drawn on n x n pixels of 128/n mm.
double projection_error(std::int64_t n, bool smooth) {
  const double pixel_mm = 128.0 / static_cast<double>(n);
  const Grid grid = Grid::centred({n, n, 1}, {pixel_mm, pixel_mm, 3.0});
  const Ellipse ellipse{7.0, -11.0, 42.0, 25.0, 0.4};
  const auto scan = ct::default_scan(grid, 30);
  const auto sinogram = ct::project(drawn(grid, ellipse, smooth), scan);
  double error = 0, total = 0;
  for (std::int64_t v = 0; v < scan.views; ++v) {
    for (std::int64_t d = 0; d < scan.detectors; ++d) {
      const double exact = ellipse.line_integral(scan.angle_rad(v), scan.detector_mm(d), smooth ? 2 : 0);
      const double found = sinogram.line_integrals[sinogram.offset(d, v, 0)];
      error += (found - exact) * (found - exact);
      total += exact * exact;
    }
  }
  return std::sqrt(error / total);
}

template <class A, class B>
double dot(const A& a, const B& b) {
  double sum = 0;
  for (std::size_t n = 0; n < a.size(); ++n) sum += static_cast<double>(a[n]) * static_cast<double>(b[n]);
  return sum;
}

/// Mean of the reconstruction where the ellipse, shrunk to `part` of its size, lies.
double interior_mean(const Volume& volume, Ellipse ellipse, double part, std::int64_t k) {
  ellipse.a_mm *= part;
  ellipse.b_mm *= part;
  double sum = 0, count = 0;
  for (std::int64_t j = 0; j < volume.grid.shape_ijk[1]; ++j) {
    for (std::int64_t i = 0; i < volume.grid.shape_ijk[0]; ++i) {
      const Point3 p = in_plane_mm(volume.grid, i, j);
      if (ellipse.radius_squared(p[0], p[1]) >= 1) continue;
      sum += volume.at(i, j, k);
      count += 1;
    }
  }
  return sum / count;
}

double relative_rms(const gdm::Voxels<float>& a, const gdm::Voxels<float>& b) {
  double error = 0;
  for (std::size_t n = 0; n < a.size(); ++n) error += std::pow(static_cast<double>(a[n]) - b[n], 2);
  return std::sqrt(error / dot(b, b));
}

/// A disc of 40 mm on pixels of 1 mm as detector elements 4 mm wide see it: relative root-mean-square error against -ln
/// of the mean transmission over each element, by 64 rays of the closed form.
double element_error(double attenuation, std::int64_t oversample) {
  const Grid grid = Grid::centred({128, 128, 1}, {1.0, 1.0, 3.0});
  const Ellipse disc{5.0, -7.0, 40.0, 40.0, 0.0};
  Volume volume = drawn(grid, disc, false);
  for (float& value : volume.voxels) value *= static_cast<float>(attenuation);
  const ct::ParallelScan scan{12, 32, 4.0, 0.0};
  const auto sinogram = ct::project(volume, scan, oversample);
  double error = 0, total = 0;
  constexpr int rays = 64;
  for (std::int64_t v = 0; v < scan.views; ++v) {
    for (std::int64_t d = 0; d < scan.detectors; ++d) {
      double transmission = 0;
      for (int ray = 0; ray < rays; ++ray) {
        const double t_mm = scan.detector_mm(d) + ((ray + 0.5) / rays - 0.5) * scan.detector_spacing_mm;
        transmission += std::exp(-attenuation * disc.line_integral(scan.angle_rad(v), t_mm, 0)) / rays;
      }
      const double exact = -std::log(transmission);
      error += std::pow(sinogram.line_integrals[sinogram.offset(d, v, 0)] - exact, 2);
      total += exact * exact;
    }
  }
  return std::sqrt(error / total);
}

}  // namespace

TEST_CASE("ct: line integrals of an ellipse agree with the closed form and converge") {
  CHECK(projection_error(128, false) < 0.01);
  CHECK(projection_error(256, false) < 0.7 * projection_error(64, false));
  const double coarse = projection_error(32, true), middle = projection_error(64, true);
  const double fine = projection_error(128, true);
  CHECK(coarse / middle > 3.3);  // second order would be 4
  CHECK(middle / fine > 3.3);
  CHECK(fine < 1e-3);
}

TEST_CASE("ct: oversampling comes closer to what detector elements of some width see of a disc") {
  for (const double attenuation : {0.0193, 0.1}) {
    CHECK(element_error(attenuation, 3) < 0.5 * element_error(attenuation, 1));
    CHECK(element_error(attenuation, 3) < 0.01);
  }
}

TEST_CASE("ct: the rays of an oversampled element are averaged as intensities, at an edge and at the border") {
  // Columns i = 0..3 hold attenuation, 4..7 none: between 3 and 4 the object falls linearly, and before 0 to the
  // border.
  const Grid grid = Grid::centred({8, 10, 17}, {2.0, 2.0, 3.0});
  Volume volume(grid, 0.0F);
  for (std::int64_t k = 0; k < 17; ++k) {
    for (std::int64_t j = 0; j < 10; ++j) {
      for (std::int64_t i = 0; i < 4; ++i) volume.at(i, j, k) = 0.3F;
    }
  }
  const double p = 0.3 * 10 * 2.0;        // through a column
  ct::ParallelScan scan{1, 8, 2.0, 0.0};  // one ray along each column's middle
  const auto rays = [&](std::int64_t n) { return ct::project(volume, scan, n).line_integrals; };
  const auto element = [](std::initializer_list<double> integrals) {
    double transmission = 0;
    for (const double integral : integrals) transmission += std::exp(-integral);
    return -std::log(transmission / static_cast<double>(integrals.size()));
  };
  const std::size_t last = 16 * 8;  // of the slice that is alone in its block
  CHECK(rays(1)[last + 3] == doctest::Approx(p).epsilon(1e-5));
  CHECK(rays(1)[last + 4] == 0.0F);
  CHECK(rays(3)[last + 0] == doctest::Approx(element({p * 2 / 3, p, p})).epsilon(1e-5));
  CHECK(rays(3)[last + 1] == doctest::Approx(p).epsilon(1e-5));
  CHECK(rays(3)[last + 3] == doctest::Approx(element({p, p, p * 2 / 3})).epsilon(1e-5));  // their mean would be 8/9 p
  CHECK(rays(3)[last + 4] == doctest::Approx(element({p / 3, 0, 0})).epsilon(1e-5));
  CHECK(rays(3)[last + 5] == 0.0F);
  CHECK(rays(2)[last + 3] == doctest::Approx(element({p, p * 3 / 4})).epsilon(1e-5));
  for (float& value : volume.voxels) value *= 1e4F;  // no transmission at all stays finite
  CHECK(rays(3)[last + 3] == doctest::Approx(1e4 * p * 2 / 3 + std::log(3.0)).epsilon(1e-5));
  CHECK_THROWS_AS(rays(0), Error);
}

TEST_CASE("ct: a single ray for each element is the plain projection, and sub-rays keep the mass of thin matter") {
  const Grid grid = Grid::centred({33, 20, 19}, {0.7, 1.9, 5.0});
  Volume volume = ct::random_volume(grid, 5);
  const auto scan = ct::default_scan(grid, 7);
  CHECK(ct::project(volume, scan, 1).line_integrals == ct::project(volume, scan).line_integrals);
  for (float& value : volume.voxels) value *= 1e-4F;  // thin: intensities are as good as line integrals
  double mass = 0;
  for (const float value : volume.voxels) mass += static_cast<double>(value) * 0.7 * 1.9;
  for (const std::int64_t n : {2, 3, 5}) {
    const auto sinogram = ct::project(volume, scan, n);
    double sum = 0;
    for (const float value : sinogram.line_integrals) sum += static_cast<double>(value) * scan.detector_spacing_mm;
    CHECK(sum / static_cast<double>(scan.views) == doctest::Approx(mass).epsilon(0.005));
  }
}

TEST_CASE("ct: the default scan covers the slice and turns counter-clockwise from i to j") {
  const Grid grid = Grid::centred({60, 40, 1}, {2.0, 1.5, 1.0});
  const auto scan = ct::default_scan(grid, 24);
  CHECK(scan.detector_spacing_mm == doctest::Approx(1.5));
  CHECK(scan.detector_mm(scan.detectors - 1) >= 0.5 * std::hypot(120.0, 60.0));
  CHECK(scan.detector_mm(0) == doctest::Approx(-scan.detector_mm(scan.detectors - 1)));
  CHECK(scan.angle_rad(0) == 0.0);
  CHECK(scan.angle_rad(12) == doctest::Approx(1.5707963));
  Volume point(grid, 0.0F);
  point.at(30, 33, 0) = 1.0F;  // above the centre in j: at 90 degrees it is seen at a positive detector position
  const auto sinogram = ct::project(point, scan);
  double sum = 0, moment = 0;
  for (std::int64_t d = 0; d < scan.detectors; ++d) {
    sum += sinogram.line_integrals[sinogram.offset(d, 12, 0)];
    moment += sinogram.line_integrals[sinogram.offset(d, 12, 0)] * scan.detector_mm(d);
  }
  CHECK(moment / sum == doctest::Approx((33 - 19.5) * 1.5));
}

TEST_CASE("ct: back_project is the transpose of project") {
  for (const Point3& spacing : {Point3{1.0, 1.0, 2.0}, Point3{0.7, 1.9, 5.0}}) {
    const Grid grid = Grid::centred({33, 20, 19}, spacing);  // 19 slices: a full block of lanes and a part of one
    for (const std::int64_t views : {1, 7, 24}) {
      auto scan = ct::default_scan(grid, views);
      scan.first_angle_rad = 0.1;
      if (views == 7) scan.detectors = 13;  // narrower than the slice
      const Volume x = ct::random_volume(grid, 5);
      ct::Sinogram y{scan, 19, {}};
      Random random(6);
      y.line_integrals.resize(static_cast<std::size_t>(scan.views * scan.detectors * y.slices));
      for (float& value : y.line_integrals) value = static_cast<float>(random.uniform());
      const double forward = dot(ct::project(x, scan).line_integrals, y.line_integrals);
      const double backward = dot(x.voxels, ct::back_project(y, grid).voxels);
      CHECK(forward == doctest::Approx(backward).epsilon(1e-5));
      CHECK(forward > 0);
    }
  }
}

TEST_CASE("ct: filtered back-projection recovers value, place, orientation and size") {
  const Ellipse ellipse{14.0, -9.0, 30.0, 12.0, 0.5};  // off centre and turned: a wrong sign or swapped axes shows
  for (const Point3& spacing : {Point3{1.0, 1.0, 2.0}, Point3{0.8, 1.25, 2.0}}) {
    const Grid grid = Grid::centred({120, 100, 2}, spacing);
    const Volume truth = drawn(grid, ellipse, false);
    const auto sinogram = ct::project(truth, ct::default_scan(grid, 180));
    for (const auto& name : names_of<ct::Window>()) {
      const Volume found = ct::filtered_back_projection(sinogram, grid, value_named<ct::Window>(name));
      CHECK(interior_mean(found, ellipse, 0.6, 1) == doctest::Approx(1.0).epsilon(0.01));
      CHECK(relative_rms(found.voxels, truth.voxels) < 0.15);
      Point3 centre{0, 0, 0};
      double mass = 0;
      for (std::int64_t j = 0; j < 100; ++j) {
        for (std::int64_t i = 0; i < 120; ++i) {
          const Point3 p = in_plane_mm(grid, i, j);
          const double weight = ellipse.radius_squared(p[0], p[1]) < 1.5 ? found.at(i, j, 0) : 0.0;
          mass += weight;
          for (std::size_t a = 0; a < 2; ++a) centre[a] += weight * p[a];
        }
      }
      CHECK(std::abs(centre[0] / mass - ellipse.x_mm) < 0.1);  // half a pixel would be 0.4
      CHECK(std::abs(centre[1] / mass - ellipse.y_mm) < 0.1);
    }
  }
}

TEST_CASE("ct: ramp kernel has the samples of Kak and Slaney and passes no constant") {
  const double tau = 0.5;
  const auto kernel = ct::ramp_kernel(400, tau, ct::Window::ram_lak);
  CHECK(kernel[0] == doctest::Approx(1.0 / (4 * tau * tau)));
  CHECK(kernel[1] == doctest::Approx(-1.0 / (9.8696044 * tau * tau)));
  CHECK(std::abs(kernel[2]) < 1e-9);
  CHECK(kernel[3] == doctest::Approx(-1.0 / (9 * 9.8696044 * tau * tau)));
  for (const auto& name : names_of<ct::Window>()) {
    const auto h = ct::ramp_kernel(4000, tau, value_named<ct::Window>(name));
    double sum = h[0];
    for (std::size_t n = 1; n < h.size(); ++n) sum += 2.0 * h[n];
    CHECK(std::abs(sum) < 2e-4);  // the ramp is 0 at frequency 0; the tail beyond 4000 lags is 1 / (pi^2 4000 tau^2)
  }
}

TEST_CASE("ct: HU and attenuation are inverse above air, and nothing attenuates less than vacuum") {
  Volume volume(Grid::centred({4, 1, 1}, {1, 1, 1}), 0.0F);
  volume.voxels = {-2000.0F, -1000.0F, 0.0F, 1500.0F};
  const Volume mu = ct::attenuation_from_hu(volume);
  CHECK(mu.voxels[0] == 0.0F);
  CHECK(mu.voxels[2] == doctest::Approx(0.0193));
  const Volume back = ct::hu_from_attenuation(mu);
  CHECK(back.voxels[0] == doctest::Approx(-1000.0));
  CHECK(back.voxels[3] == doctest::Approx(1500.0));
}

TEST_CASE("ct: Poisson noise has the variance of counting and starved detectors stay finite") {
  ct::Sinogram sinogram{{50, 100, 1.0, 0.0}, 8, gdm::Voxels<float>(40000, 2.0F)};
  const double photons = 2e4;
  ct::add_poisson_noise(sinogram, photons, 11);
  double sum = 0, squares = 0;
  for (const float p : sinogram.line_integrals) {
    sum += p;
    squares += static_cast<double>(p) * p;
  }
  CHECK(!std::equal(sinogram.line_integrals.begin(), sinogram.line_integrals.begin() + 5000,
                    sinogram.line_integrals.begin() + 5000));  // each slice has its own noise
  const double mean = sum / 40000, variance = squares / 40000 - mean * mean;
  CHECK(mean == doctest::Approx(2.0).epsilon(0.001));
  CHECK(variance == doctest::Approx(std::exp(2.0) / photons).epsilon(0.05));  // var(ln n) = 1 / mean count
  ct::Sinogram dark{{2, 3, 1.0, 0.0}, 1, gdm::Voxels<float>(6, 80.0F)};
  ct::add_poisson_noise(dark, 1e4, 1);
  for (const float p : dark.line_integrals) CHECK(p == doctest::Approx(std::log(1e4)));
  CHECK_THROWS_AS(ct::add_poisson_noise(dark, 0.0, 1), Error);
}

TEST_CASE("ct: one thread and two give the same bits") {
  const Grid grid = Grid::centred({40, 31, 37}, {1.0, 1.1, 2.0});
  const Volume volume = ct::random_volume(grid, 3);
  gdm::Voxels<float> noisy[2], found[2];
  for (int threads = 1; threads <= 2; ++threads) {
    set_thread_count(threads);
    auto sinogram = ct::project(volume, ct::default_scan(grid, 12), 3);
    ct::add_poisson_noise(sinogram, 1e4, 9);
    noisy[threads - 1] = sinogram.line_integrals;
    found[threads - 1] = ct::filtered_back_projection(sinogram, grid, ct::Window::hann).voxels;
  }
  set_thread_count(0);
  CHECK(noisy[0] == noisy[1]);
  CHECK(found[0] == found[1]);
}

TEST_CASE("ct: impossible geometry is refused") {
  Grid sheared = Grid::centred({8, 8, 2}, {1, 1, 1});
  sheared.ijk_to_ras_mm[0][1] = 0.2;
  CHECK_THROWS_AS(ct::default_scan(sheared, 10), Error);
  const Grid grid = Grid::centred({8, 8, 2}, {1, 1, 1});
  CHECK_THROWS_AS(ct::default_scan(grid, 0), Error);
  const auto sinogram = ct::project(Volume(grid, 1.0F), ct::default_scan(grid, 4));
  CHECK_THROWS_AS(ct::back_project(sinogram, Grid::centred({8, 8, 3}, {1, 1, 1})), Error);
  CHECK_THROWS_AS(value_named<ct::Window>("box"), Error);
}
