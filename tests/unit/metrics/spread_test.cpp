// Grading of spreads against closed forms: one in the order of the errors, one that says nothing, normal errors.
#include <doctest/doctest.h>

#include <cmath>
#include <random>

#include "grade/metric.hpp"
#include "io_fixture.hpp"
#include "metrics/spread.hpp"

using namespace gdm;

namespace {

/// A prediction with these errors (of either sign) in turn, and a spread.
struct Graded {
  Volume prediction, target, spread;
  Mask mask;

  explicit Graded(const Index3& shape)
      : prediction(Grid::centred(shape, {1, 1, 1}), 100.0F),
        target(prediction),
        spread(prediction.grid, 0.0F),
        mask(prediction.grid, 1) {}
  metrics::SpreadMetrics metrics() const { return metrics::spread_metrics(prediction, target, spread, mask); }
};

}  // namespace

TEST_CASE("spread: proportional to the error it has no sparsification error, the other way round the most") {
  Graded g({10, 10, 10});
  for (std::size_t v = 0; v < 1000; ++v) {
    const auto error = static_cast<float>(v * 37 % 1000);
    g.prediction.voxels[v] += v % 2 == 0 ? error : -error;
    g.spread.voxels[v] = 2.0F * error;
  }
  const metrics::SpreadMetrics good = g.metrics();
  CHECK(*good.correlation == doctest::Approx(1.0));
  CHECK(*good.ause == doctest::Approx(0.0));
  CHECK(*good.ratio == doctest::Approx(2.0));
  CHECK(good.within[0] == 0.001);  // a quarter of a spread is half of each error but the one of 0
  CHECK(good.within[3] == 1.0);
  CHECK(good.within[7] == 1.0);

  for (float& s : g.spread.voxels) s = 2000.0F - s;
  const metrics::SpreadMetrics bad = g.metrics();
  CHECK(*bad.correlation == doctest::Approx(-1.0));
  // Errors 0 to 999: of what a share f leaves, the mean error grows to M (1 + f) instead of falling to M (1 - f).
  CHECK(*bad.ause == doctest::Approx(0.99).epsilon(1e-3));

  for (float& s : g.spread.voxels) s = 5.0F;
  const metrics::SpreadMetrics flat = g.metrics();
  CHECK_FALSE(flat.correlation);
  CHECK(*flat.ause == doctest::Approx(0.495).epsilon(1e-3));  // M instead of M (1 - f)
  CHECK(flat.within[3] == doctest::Approx(0.006));            // 0 to 5 of 1000
  CHECK(flat.within[7] == doctest::Approx(0.011));
}

TEST_CASE("spread: normal errors of the stated size are covered as a normal distribution is") {
  Graded g({50, 50, 40});
  std::mt19937 engine(3);
  std::normal_distribution<float> normal;
  for (std::size_t v = 0; v < g.spread.voxels.size(); ++v) {
    g.spread.voxels[v] = 10.0F + static_cast<float>(v % 50);
    g.prediction.voxels[v] += g.spread.voxels[v] * normal(engine);
  }
  const metrics::SpreadMetrics found = g.metrics();
  CHECK(found.within[3] == doctest::Approx(0.6827).epsilon(0.01));
  CHECK(found.within[7] == doctest::Approx(0.9545).epsilon(0.005));
  for (std::size_t n = 0; n < metrics::spread_multiples; ++n) {
    CHECK(found.within[n] == doctest::Approx(metrics::normal_share(metrics::spread_multiple(n))).epsilon(0.02));
  }
  CHECK(*found.ratio == doctest::Approx(1.0).epsilon(0.01));
  CHECK(*found.ause > 0.2);
  CHECK(*found.ause < 0.4);
}

TEST_CASE("spread: the ranked probability score is that of a normal distribution, and the error without a spread") {
  const double pi = std::acos(-1.0);
  Graded g({2, 2, 2});
  for (float& p : g.prediction.voxels) p += 7.0F;
  CHECK(g.metrics().crps_hu == doctest::Approx(7));
  for (float& s : g.spread.voxels) s = 7.0F;  // one deviation off
  const double density = std::exp(-0.5) / std::sqrt(2 * pi);
  CHECK(g.metrics().crps_hu == doctest::Approx(7 * (std::erf(std::sqrt(0.5)) + 2 * density - 1 / std::sqrt(pi))));
  g.prediction = g.target;
  CHECK(g.metrics().crps_hu == doctest::Approx(7 * (std::sqrt(2 / pi) - 1 / std::sqrt(pi))));

  Graded normal({50, 50, 40});
  std::mt19937 engine(4);
  std::normal_distribution<float> error;
  for (std::size_t v = 0; v < normal.spread.voxels.size(); ++v) normal.prediction.voxels[v] += 20.0F * error(engine);
  double least = 0;
  for (const float spread : {10.0F, 20.0F, 40.0F}) {
    for (float& s : normal.spread.voxels) s = spread;
    const double score = normal.metrics().crps_hu;
    if (spread == 20.0F) CHECK(score == doctest::Approx(20 / std::sqrt(pi)).epsilon(0.01));
    if (spread == 10.0F) least = score;
    if (spread == 20.0F) CHECK(score < least);
    if (spread == 40.0F) CHECK(score > 20 / std::sqrt(pi) * 1.05);
  }
}

TEST_CASE("spread: voxels outside the mask do not count, what is no deviation is refused") {
  Graded g({4, 4, 4});
  CHECK_FALSE(g.metrics().ause);  // no error at all
  CHECK_FALSE(g.metrics().ratio);
  g.mask.voxels[0] = 0;
  g.spread.voxels[0] = -1.0F;
  g.prediction.voxels[1] += 8.0F;
  g.spread.voxels[1] = 4.0F;
  CHECK(g.metrics().within[3] == 62.0 / 63.0);
  CHECK(g.metrics().within[7] == 1.0);
  g.spread.voxels[5] = -1.0F;
  CHECK(gdm_test::contains(gdm_test::error_of([&] { g.metrics(); }), "the spread is -1 in a voxel of the mask"));
}

TEST_CASE("spread: the group is there with a spread, and an input has none") {
  Graded g({6, 5, 4});
  for (std::size_t v = 0; v < g.spread.voxels.size(); ++v) {
    g.spread.voxels[v] = static_cast<float>(v % 7);
    g.prediction.voxels[v] += static_cast<float>(v % 11);
  }
  grade::Settings settings;
  settings.selection = "spread";
  CHECK_THROWS_AS(grade::metric_list(settings), Error);
  settings.spread = true;
  const std::vector<grade::Metric> wanted = grade::metric_list(settings);
  REQUIRE(wanted.size() == 6);
  grade::CaseVolumes volumes{g.prediction, g.target, g.mask};
  CHECK_FALSE(grade::measure(volumes, settings, wanted).values()[0]);
  volumes.spread = &g.spread;  // the grid lies along LAS, so that it is turned
  const auto values = grade::measure(volumes, settings, wanted).values();
  CHECK(*values[0] == doctest::Approx(*g.metrics().correlation));
  CHECK(*values[3] == doctest::Approx(g.metrics().within[3] - 0.682689));
  CHECK(*values[5] == doctest::Approx(g.metrics().crps_hu));
}
