// Iterative reconstruction: what falls must fall, minimisers are minimisers, and slabs give what the whole gives.
#include <doctest/doctest.h>

#include <cmath>

#include "ct/iterative.hpp"
#include "ct/parallel_projector.hpp"
#include "ct/total_variation.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"
#include "sys/random.hpp"

using namespace gdm;

namespace {

/// The modified Shepp-Logan phantom (Toft 1996, thesis, appendix B): value, half axes, centre, angle in degrees, for a
/// field of -1 .. 1.
constexpr double shepp_logan[10][6] = {{1, .69, .92, 0, 0, 0},        {-.8, .6624, .874, 0, -.0184, 0},
                                       {-.2, .11, .31, .22, 0, -18},  {-.2, .16, .41, -.22, 0, 18},
                                       {.1, .21, .25, 0, .35, 0},     {.1, .046, .046, 0, .1, 0},
                                       {.1, .046, .046, 0, -.1, 0},   {.1, .046, .023, -.08, -.605, 0},
                                       {.1, .023, .023, 0, -.606, 0}, {.1, .023, .046, .06, -.605, 0}};

/// Times 0.02 per mm, each pixel the mean of 4 x 4 points.
Volume phantom(std::int64_t n, std::int64_t slices) {
  Volume volume(Grid::centred({n, n, slices}, {2.0, 2.0, 2.0}), 0.0F);
  const auto position = [n](std::int64_t index, int part) {
    return 2.0 * (static_cast<double>(index) + (part + 0.5) / 4) / static_cast<double>(n) - 1.0;
  };
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = 0; i < n; ++i) {
      double sum = 0;
      for (int part = 0; part < 16; ++part) {
        for (const auto& e : shepp_logan) {
          const double turn = e[5] * std::acos(-1.0) / 180, c = std::cos(turn), s = std::sin(turn);
          const double x = position(i, part % 4) - e[3], y = position(j, part / 4) - e[4];
          const double u = (x * c + y * s) / e[1], v = (-x * s + y * c) / e[2];
          if (u * u + v * v <= 1) sum += e[0];
        }
      }
      for (std::int64_t k = 0; k < slices; ++k) volume.at(i, j, k) = static_cast<float>(0.02 * sum / 16);
    }
  }
  return volume;
}

/// Peak 0.02 per mm.
double psnr(const Volume& a, const Volume& b) {
  double sum = 0;
  for (std::size_t n = 0; n < a.voxels.size(); ++n) sum += std::pow(static_cast<double>(a.voxels[n] - b.voxels[n]), 2);
  return 10 * std::log10(0.02 * 0.02 * static_cast<double>(a.voxels.size()) / sum);
}

struct Scanned {
  Volume truth;
  ct::Sinogram sinogram;
  ct::ParallelProjector projector;
  const float* rays() const { return sinogram.line_integrals.data(); }
  std::int64_t count() const { return static_cast<std::int64_t>(sinogram.line_integrals.size()); }
};

Scanned scanned(std::int64_t n, std::int64_t slices, std::int64_t views, double photons) {
  Volume truth = phantom(n, slices);
  const ct::ParallelScan scan = ct::default_scan(truth.grid, views);
  ct::Sinogram sinogram = ct::project(truth, scan, 3);
  if (photons > 0) ct::add_poisson_noise(sinogram, photons, 1);
  const Grid grid = truth.grid;
  return {std::move(truth), std::move(sinogram), {grid, scan}};
}

ct::IterativeOptions options_of(ct::Method method, std::int64_t iterations) {
  ct::IterativeOptions options;
  options.method = method;
  options.iterations = iterations;
  return options;
}

/// A projector that says nothing of slabs, so that the volume is taken as a whole.
class Whole : public ct::Projector {
 public:
  explicit Whole(const ct::Projector& inner) : inner_(inner) {}
  const Grid& grid() const override { return inner_.grid(); }
  std::int64_t ray_count() const override { return inner_.ray_count(); }
  std::int64_t view_count() const override { return inner_.view_count(); }
  void forward(const float* volume, float* rays) const override { inner_.forward(volume, rays); }
  void adjoint(const float* rays, float* volume) const override { inner_.adjoint(rays, volume); }
  bool has_views() const override { return true; }
  void forward_views(std::int64_t first, std::int64_t step, const float* volume, float* rays) const override {
    inner_.forward_views(first, step, volume, rays);
  }
  void adjoint_views(std::int64_t first, std::int64_t step, const float* rays, float* volume) const override {
    inner_.adjoint_views(first, step, rays, volume);
  }

 private:
  const ct::Projector& inner_;
};

double largest_difference(const Volume& a, const Volume& b) {
  double largest = 0;
  for (std::size_t n = 0; n < a.voxels.size(); ++n) {
    largest = std::max(largest, std::abs(static_cast<double>(a.voxels[n] - b.voxels[n])));
  }
  return largest;
}

}  // namespace

TEST_CASE("ct: SIRT and CGLS descend at each iteration, weighted or not") {
  const Scanned scan = scanned(48, 2, 20, 1e5);
  const std::vector<float> weights = ct::weights_from_counts(scan.rays(), scan.count());
  for (const ct::Method method : {ct::Method::sirt, ct::Method::cgls}) {
    for (const float* w : {static_cast<const float*>(nullptr), weights.data()}) {
      const auto result = ct::reconstruct(scan.projector, scan.rays(), w, options_of(method, 25));
      REQUIRE(result.log.size() == 25);
      for (std::size_t n = 1; n < result.log.size(); ++n) {
        CHECK(result.log[n].objective < result.log[n - 1].objective);
        CHECK(result.log[n].residual < result.log[n - 1].residual);
      }
      CHECK(result.residual < 0.2 * result.data);
    }
  }
}

TEST_CASE("ct: CGLS solves a problem of more rays than voxels") {
  Volume truth = phantom(16, 1);
  const ct::ParallelScan scan = ct::default_scan(truth.grid, 40);
  const ct::Sinogram sinogram = ct::project(truth, scan);
  const ct::ParallelProjector projector(truth.grid, scan);
  const auto result =
      ct::reconstruct(projector, sinogram.line_integrals.data(), nullptr, options_of(ct::Method::cgls, 200));
  CHECK(largest_difference(result.volume, truth) < 1e-4);
}

TEST_CASE("ct: OS-SART is ahead of SIRT after as many iterations") {
  const Scanned scan = scanned(48, 1, 30, 0);
  const auto slow = ct::reconstruct(scan.projector, scan.rays(), nullptr, options_of(ct::Method::sirt, 10));
  const auto fast = ct::reconstruct(scan.projector, scan.rays(), nullptr, options_of(ct::Method::os_sart, 10));
  CHECK(psnr(fast.volume, scan.truth) > psnr(slow.volume, scan.truth) + 2);
  CHECK(fast.residual < slow.residual);
}

TEST_CASE("ct: total variation beats filtered back-projection by 5 dB at 30 views") {
  const Scanned scan = scanned(96, 1, 30, 0);
  auto options = options_of(ct::Method::tv, 60);
  options.strength_mm = 0.02;
  const auto result = ct::reconstruct(scan.projector, scan.rays(), nullptr, options);
  double best_fbp = 0;
  for (const ct::Window window : {ct::Window::ram_lak, ct::Window::hann}) {
    best_fbp =
        std::max(best_fbp, psnr(ct::filtered_back_projection(scan.sinogram, scan.truth.grid, window), scan.truth));
  }
  MESSAGE("TV ", psnr(result.volume, scan.truth), " dB, FBP ", best_fbp, " dB");
  CHECK(psnr(result.volume, scan.truth) > best_fbp + 5);
}

TEST_CASE("ct: total variation finds the minimum, with subsets and without") {
  const Scanned scan = scanned(40, 1, 18, 1e5);
  const std::vector<float> weights = ct::weights_from_counts(scan.rays(), scan.count());
  for (const double huber : {0.0, 0.001}) {
    auto options = options_of(ct::Method::tv, 2000);
    options.strength_mm = 0.01;
    options.huber_per_mm = huber;
    options.subsets = 1;
    const double lowest = ct::reconstruct(scan.projector, scan.rays(), weights.data(), options).log.back().objective;
    options.iterations = 100;
    options.subsets = 3;
    const double found = ct::reconstruct(scan.projector, scan.rays(), weights.data(), options).log.back().objective;
    CHECK(found < lowest * 1.01);
    CHECK(found > lowest * 0.999);
  }
}

TEST_CASE("ct: subsets bring total variation nearer to its minimum in as many iterations") {
  const Scanned scan = scanned(40, 1, 24, 1e5);
  auto options = options_of(ct::Method::tv, 12);
  options.strength_mm = 0.01;
  const auto objective_with = [&](std::int64_t subsets) {
    options.subsets = subsets;
    return ct::reconstruct(scan.projector, scan.rays(), nullptr, options).log.back().objective;
  };
  CHECK(objective_with(4) < 0.3 * objective_with(1));
  CHECK(objective_with(24) < objective_with(1));  // single views would make the momentum run away
}

TEST_CASE("ct: a ray weighs what its counts say") {
  const float rays[3] = {0.0F, std::log(4.0F), -0.1F};
  const std::vector<float> weights = ct::weights_from_counts(rays, 3);
  CHECK(weights[0] == 1);
  CHECK(weights[1] == doctest::Approx(0.25));
  CHECK(weights[2] == 1);
}

TEST_CASE("ct: the penalty honours voxel sizes and, across slices, the third axis") {
  const Grid grid = Grid::centred({4, 4, 4}, {1.0, 4.0, 8.0});
  const auto value = [&](std::size_t axis, bool across, double huber) {
    Volume volume(grid, 0.0F);
    for (std::int64_t n = 0; n < 64; ++n) {
      const Index3 at{n % 4, n / 4 % 4, n / 16};
      volume.voxels[static_cast<std::size_t>(n)] = at[axis] >= 2 ? 1.0F : 0.0F;
    }
    const ct::TotalVariation penalty(ct::tv_lattice(grid, across), 3.0, huber, 0.0F, std::vector<float>(64, 1.0F));
    return penalty.value(volume.voxels.data());
  };
  // A step across 16 voxel faces; the mean in-plane spacing is 2 mm.
  CHECK(value(0, false, 0) == doctest::Approx(3 * 16 * 2.0));
  CHECK(value(1, false, 0) == doctest::Approx(3 * 16 * 0.5));
  CHECK(value(2, false, 0) == 0);
  CHECK(value(2, true, 0) == doctest::Approx(3 * 16 * 0.25));
  CHECK(value(0, false, 1) == doctest::Approx(3 * 16 * 1.5));
  CHECK(value(1, false, 1) == doctest::Approx(3 * 16 * 0.125));
}

TEST_CASE("ct: the step of total variation solves its own problem") {
  // Denoising: without rays, the step repeated at the same aim converges to argmin 1/2 |x - v|^2_M + TV(x).
  const Grid grid = Grid::centred({6, 5, 4}, {1.0, 1.0, 1.0});
  Random random(5);
  std::vector<float> aim(120), metric(120), x(120, 0.0F), z, gradient;
  for (std::size_t n = 0; n < 120; ++n) {
    aim[n] = static_cast<float>(random.uniform());
    metric[n] = static_cast<float>(0.5 + random.uniform());
  }
  ct::TotalVariation penalty(ct::tv_lattice(grid, true), 0.3, 0.0, 0.0F, metric);
  for (int n = 0; n < 3000; ++n) {
    z = aim;
    gradient.assign(120, 0.0F);
    penalty.step(gradient.data(), 0.0F, x.data(), z.data());
  }
  const auto objective = [&](const std::vector<float>& at) {
    double sum = penalty.value(at.data());
    for (std::size_t n = 0; n < 120; ++n)
      sum += 0.5 * static_cast<double>(metric[n]) * std::pow(static_cast<double>(at[n] - aim[n]), 2);
    return sum;
  };
  const double least = objective(x);
  CHECK(least < objective(aim));
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<float> other = x;
    for (float& value : other) value = std::max(0.0F, value + static_cast<float>(0.02 * (random.uniform() - 0.5)));
    CHECK(objective(other) > least - 1e-5);
  }
}

TEST_CASE("ct: slabs and threads do not change a reconstruction") {
  const Scanned scan = scanned(32, 16, 12, 1e5);
  const Whole whole(scan.projector);
  for (const ct::Method method : {ct::Method::sirt, ct::Method::os_sart, ct::Method::cgls, ct::Method::tv}) {
    auto options = options_of(method, 6);
    options.strength_mm = 0.01;
    const Volume by_slab = ct::reconstruct(scan.projector, scan.rays(), nullptr, options).volume;
    CHECK(largest_difference(by_slab, ct::reconstruct(whole, scan.rays(), nullptr, options).volume) < 2e-6);
    set_thread_count(1);
    const Volume alone = ct::reconstruct(whole, scan.rays(), nullptr, options).volume;
    set_thread_count(3);
    CHECK(largest_difference(alone, ct::reconstruct(whole, scan.rays(), nullptr, options).volume) == 0);
    set_thread_count(0);
  }
}

TEST_CASE("ct: slices that share nothing are joined by total variation in 3-D alone") {
  Scanned scan = scanned(32, 4, 12, 1e4);
  auto options = options_of(ct::Method::tv, 40);
  options.strength_mm = 0.02;
  const Volume flat = ct::reconstruct(scan.projector, scan.rays(), nullptr, options).volume;
  options.across_slices = true;
  const Volume deep = ct::reconstruct(scan.projector, scan.rays(), nullptr, options).volume;
  CHECK(psnr(deep, scan.truth) > psnr(flat, scan.truth));
}

TEST_CASE("ct: iterations stop where they are told to, and start where they are told to") {
  const Scanned scan = scanned(40, 1, 24, 1e5);
  const std::vector<float> weights = ct::weights_from_counts(scan.rays(), scan.count());
  auto options = options_of(ct::Method::cgls, 100);
  const double noise = ct::expected_residual(scan.rays(), weights.data(), scan.count(), 1e5);
  options.residual = 3 * noise;
  const auto stopped = ct::reconstruct(scan.projector, scan.rays(), weights.data(), options);
  CHECK(stopped.iterations < 100);
  CHECK(stopped.residual <= 3 * noise * stopped.data);
  CHECK(stopped.log[stopped.log.size() - 2].residual > 3 * noise * stopped.data);
  options.residual = 0;
  options.tolerance = 0.01;
  const auto still = ct::reconstruct(scan.projector, scan.rays(), weights.data(), options);
  CHECK(still.iterations < 100);
  CHECK(still.log.back().change <= 0.01);
  options.iterations = 1;
  const auto warm = ct::reconstruct(scan.projector, scan.rays(), weights.data(), options, &stopped.volume);
  CHECK(warm.residual < stopped.residual);
}

TEST_CASE("ct: the expected residual is that of noise") {
  const Scanned clean = scanned(40, 2, 24, 0), noisy = scanned(40, 2, 24, 1e4);
  const std::vector<float> weights = ct::weights_from_counts(clean.rays(), clean.count());
  double noise = 0, data = 0;
  for (std::size_t m = 0; m < weights.size(); ++m) {
    const auto w = static_cast<double>(weights[m]), p = static_cast<double>(clean.rays()[m]);
    noise += w * std::pow(static_cast<double>(noisy.rays()[m]) - p, 2);
    data += w * p * p;
  }
  CHECK(std::sqrt(noise / data) ==
        doctest::Approx(ct::expected_residual(clean.rays(), weights.data(), clean.count(), 1e4)).epsilon(0.05));
}

TEST_CASE("ct: non-negative unless told otherwise") {
  const Scanned scan = scanned(32, 1, 12, 1e4);
  for (const ct::Method method : {ct::Method::sirt, ct::Method::os_sart, ct::Method::tv}) {
    auto options = options_of(method, 20);
    const auto lowest = [&] {
      const Volume volume = ct::reconstruct(scan.projector, scan.rays(), nullptr, options).volume;
      return *std::min_element(volume.voxels.begin(), volume.voxels.end());
    };
    CHECK(lowest() == 0);
    options.non_negative = false;
    CHECK(lowest() < -1e-4F);
  }
}

TEST_CASE("ct: rays and weights that mean nothing are refused") {
  Scanned scan = scanned(16, 1, 6, 0);
  std::vector<float> weights(static_cast<std::size_t>(scan.count()), 0.0F);
  const auto run = [&](const float* w, const ct::IterativeOptions& options) {
    ct::reconstruct(scan.projector, scan.rays(), w, options);
  };
  CHECK_THROWS_AS(run(weights.data(), options_of(ct::Method::sirt, 3)), Error);
  weights[3] = -1.0F;
  CHECK_THROWS_AS(run(weights.data(), options_of(ct::Method::sirt, 3)), Error);
  CHECK_THROWS_AS(run(nullptr, options_of(ct::Method::sirt, -1)), Error);
  scan.sinogram.line_integrals[5] = NAN;
  CHECK_THROWS_AS(run(nullptr, options_of(ct::Method::tv, 3)), Error);
}

TEST_CASE("cgls with a pull: solves its own normal equations, and never moves away from the data") {
  const Scanned scan = scanned(24, 2, 6, 1e4);
  const std::vector<float> weights = ct::weights_from_counts(scan.rays(), scan.count());
  Volume start = scan.truth;
  Random random(3, 0);
  for (float& value : start.voxels) value += static_cast<float>(0.002 * random.normal());
  ct::IterativeOptions options = options_of(ct::Method::cgls, 200);
  options.pull_mm2 = 5;
  const auto misfit = [&](const Volume& x, std::vector<float>* weighted) {
    std::vector<float> rays(static_cast<std::size_t>(scan.count()));
    scan.projector.forward(x.voxels.data(), rays.data());
    double sum = 0;
    for (std::size_t m = 0; m < rays.size(); ++m) {
      const double r = static_cast<double>(scan.rays()[m] - rays[m]);
      sum += static_cast<double>(weights[m]) * r * r;
      if (weighted != nullptr) weighted->push_back(weights[m] * static_cast<float>(r));
    }
    return std::sqrt(sum);
  };
  const ct::IterativeResult found = ct::reconstruct(scan.projector, scan.rays(), weights.data(), options, &start);
  std::vector<float> weighted, gradient(start.voxels.size());
  const double before = misfit(start, nullptr), after = misfit(found.volume, &weighted);
  scan.projector.adjoint(weighted.data(), gradient.data());
  double off = 0, size = 0;
  for (std::size_t n = 0; n < gradient.size(); ++n) {
    const double pulled = 5 * static_cast<double>(found.volume.voxels[n] - start.voxels[n]);
    off += std::pow(static_cast<double>(gradient[n]) - pulled, 2);
    size += pulled * pulled;
  }
  CHECK(off < 1e-4 * size);
  CHECK(after < before);
  for (const ct::IterationRecord& record : found.log) CHECK(record.residual <= before * (1 + 1e-6));
  options.pull_mm2 = 1e9;
  const ct::IterativeResult held = ct::reconstruct(scan.projector, scan.rays(), weights.data(), options, &start);
  for (std::size_t n = 0; n < start.voxels.size(); ++n) {
    CHECK(held.volume.voxels[n] == doctest::Approx(start.voxels[n]).epsilon(1e-4));
  }
}

TEST_CASE("cgls: behind the minimum it ends, however strong the pull") {
  const Scanned scan = scanned(24, 2, 6, 1e4);
  ct::IterativeOptions options = options_of(ct::Method::cgls, 400);
  for (const double pull : {1e3, 1e6, 1e9}) {
    CAPTURE(pull);
    options.pull_mm2 = pull;
    const ct::IterativeResult found = ct::reconstruct(scan.projector, scan.rays(), nullptr, options);
    CHECK(found.iterations < 400);
    CHECK(found.residual <= found.first);
    for (std::size_t n = 1; n < found.log.size(); ++n)
      CHECK(found.log[n].objective <= found.log[n - 1].objective * (1 + 1e-6));
    CHECK(found.log.back().objective <= 0.5 * found.first * found.first);
  }
}
