// Row D2: kernel distance, manifolds and bootstraps over patients against closed forms, numpy and direct computation.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <numeric>

#include "metrics/frechet_bootstrap.hpp"
#include "metrics/kernel_distance.hpp"
#include "metrics/manifold.hpp"
#include "metrics_features.hpp"
#include "sys/error.hpp"
#include "sys/parallel.hpp"

using namespace gdm;
using namespace gdm::metrics;
using test::gaussian_patients;
using test::golden_features;

namespace {

struct WilcoxonGolden {
  int pairs, kind, n;
  double statistic, p_value;
  bool exact;
};
#include "../data/comparison_golden.inc"

std::vector<FeatureMoments> moments_of(const PatientFeatures& patients) {
  std::vector<FeatureMoments> moments(patients.size());
  for (std::size_t p = 0; p < patients.size(); ++p) {
    moments[p].add(patients[p].values.data(), patients[p].rows(), patients[p].dims);
  }
  return moments;
}

FeatureMoments merged(const std::vector<FeatureMoments>& patients, const int* counts) {
  FeatureMoments all;
  for (std::size_t p = 0; p < patients.size(); ++p) {
    for (int n = 0; n < counts[p]; ++n) all.merge(patients[p]);
  }
  return all;
}

PatientFeatures without_repeats(const PatientFeatures& patients, const int* counts) {
  PatientFeatures drawn;
  for (std::size_t p = 0; p < patients.size(); ++p) {
    if (counts[p] > 0) drawn.push_back(patients[p]);
  }
  return drawn;
}

/// Share of the rows of `asked` inside some ball of `set` that reaches to the k-th other row of it, by definition.
double share_inside(const metrics::FeatureMatrix& asked, const metrics::FeatureMatrix& set, int k) {
  const auto distance = [](const metrics::FeatureMatrix& a, std::int64_t i, const metrics::FeatureMatrix& b,
                           std::int64_t j) {
    double sum = 0;
    for (std::int64_t d = 0; d < a.dims; ++d) {
      const double step = static_cast<double>(a.values[static_cast<std::size_t>(i * a.dims + d)]) -
                          static_cast<double>(b.values[static_cast<std::size_t>(j * b.dims + d)]);
      sum += step * step;
    }
    return sum;
  };
  double inside = 0;
  for (std::int64_t i = 0; i < asked.rows(); ++i) {
    bool found = false;
    for (std::int64_t j = 0; j < set.rows() && !found; ++j) {
      std::vector<double> others;
      for (std::int64_t other = 0; other < set.rows(); ++other) {
        if (other != j) others.push_back(distance(set, j, set, other));
      }
      std::sort(others.begin(), others.end());
      found = distance(asked, i, set, j) <= others[static_cast<std::size_t>(k - 1)];
    }
    inside += found ? 1.0 : 0.0;
  }
  return inside / static_cast<double>(asked.rows());
}

}  // namespace

TEST_CASE("features: kernel, manifolds and Frechet distance equal numpy and scipy") {
  const metrics::FeatureMatrix t = golden_features(70, 6, 0), q = golden_features(55, 6, 1);
  CHECK(kernel_distance(t, q) == doctest::Approx(golden_kernel).epsilon(1e-5));
  CHECK(kernel_distance(q, t) == doctest::Approx(golden_kernel).epsilon(1e-5));
  const double* golden = golden_manifold_5;
  for (const int k : {5, 3}) {
    const ManifoldMetrics m = manifold_metrics(t, q, k);
    CHECK(m.precision == doctest::Approx(golden[0]).epsilon(1e-12));
    CHECK(m.recall == doctest::Approx(golden[1]).epsilon(1e-12));
    CHECK(m.density == doctest::Approx(golden[2]).epsilon(1e-12));
    CHECK(m.coverage == doctest::Approx(golden[3]).epsilon(1e-12));
    golden = golden_manifold_3;
  }
  const auto mt = moments_of({t}), mq = moments_of({q});
  CHECK(frechet_distance(mt[0], mq[0]) == doctest::Approx(golden_frechet).epsilon(1e-9));
}

TEST_CASE("kernel distance: closed form, zero mean for equal distributions, blocks") {
  // Two points in one dimension: k(0, 0) = 1, k(0, 1) = 1, k(1, 1) = 8.
  metrics::FeatureMatrix a{1, {0.0F, 1.0F}}, b{1, {1.0F, 1.0F}};
  CHECK(kernel_distance(a, b) == doctest::Approx(1.0 + 8.0 - 2.0 * (1.0 + 8.0 + 1.0 + 8.0) / 4.0));
  std::vector<double> equal, other;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const PatientFeatures x = gaussian_patients(seed, 1, 40, 8, 0.0, 0.0);
    equal.push_back(kernel_distance(x[0], gaussian_patients(seed + 1000, 1, 40, 8, 0.0, 0.0)[0]));
    other.push_back(kernel_distance(x[0], gaussian_patients(seed + 2000, 1, 40, 8, 0.5, 0.0)[0]));
  }
  double mean = 0, squares = 0, shifted = 0;
  for (std::size_t n = 0; n < 60; ++n) {
    mean += equal[n] / 60.0;
    squares += equal[n] * equal[n] / 60.0;
    shifted += other[n] / 60.0;
  }
  const double error = std::sqrt(squares / 60.0);
  MESSAGE("equal: ", mean, " +- ", error, ", shifted: ", shifted);
  CHECK(std::abs(mean) < 3.0 * error);
  // For normal rows of d dimensions k = 1 + 3 u + 3 u^2 + u^3 with u = x.y / d; a mean of c in one set changes
  // E u = 0, E u^2 = 1 / d, E u^3 = 0 to E u = c^2, E u^2 = ..., here as an order of magnitude: 3 c^4 = 0.19 and more.
  CHECK(shifted > 0.19);
  const metrics::FeatureMatrix big = gaussian_patients(1, 1, 2000, 8, 0.0, 0.0)[0],
                               moved = gaussian_patients(2, 1, 1900, 8, 0.5, 0.0)[0];
  const BlockEstimate blocks = kernel_distance_blocks(big, moved, 100, 7);
  CHECK(blocks.blocks == 19);
  CHECK(std::abs(blocks.value - kernel_distance(big, moved)) < 4.0 * blocks.standard_error.value());
  CHECK(kernel_distance_blocks(big, moved, 5000, 7).value ==
        doctest::Approx(kernel_distance_blocks(big, moved, 1900, 9).value).epsilon(0.05));
  CHECK_FALSE(kernel_distance_blocks(a, b, 100, 7).standard_error.has_value());
}

TEST_CASE("kernel distance over patients: identical sets, other draws, no self pairs") {
  const PatientFeatures x = gaussian_patients(3, 6, 20, 5, 1.0, 0.5), y = gaussian_patients(4, 6, 25, 5, 1.4, 0.5);
  CHECK(std::abs(PatientKernel(x, x).distance()) < 1e-6);
  const PatientKernel kernel(x, y);
  const int counts[6] = {2, 1, 0, 0, 1, 2};
  double sums[3] = {0, 0, 0}, pairs[3] = {0, 0, 0};
  for (std::size_t p = 0; p < 6; ++p) {
    for (std::size_t q = 0; q < 6; ++q) {
      if (p == q) continue;
      const double w = counts[p] * counts[q];
      const std::vector<std::pair<const metrics::FeatureMatrix*, const metrics::FeatureMatrix*>> sets{
          {&x[p], &x[q]}, {&y[p], &y[q]}, {&x[p], &y[q]}};
      for (std::size_t s = 0; s < 3; ++s) {
        for (std::int64_t i = 0; i < sets[s].first->rows(); ++i) {
          for (std::int64_t j = 0; j < sets[s].second->rows(); ++j) {
            double dot = 0;
            for (std::int64_t d = 0; d < 5; ++d) {
              dot += static_cast<double>(sets[s].first->values[static_cast<std::size_t>(i * 5 + d)]) *
                     static_cast<double>(sets[s].second->values[static_cast<std::size_t>(j * 5 + d)]);
            }
            sums[s] += w * std::pow(dot / 5.0 + 1.0, 3);
            pairs[s] += w;
          }
        }
      }
    }
  }
  const double direct = sums[0] / pairs[0] + sums[1] / pairs[1] - 2.0 * sums[2] / pairs[2];
  CHECK(kernel.distance(counts) == doctest::Approx(direct).epsilon(1e-5));
  const int one[6] = {6, 0, 0, 0, 0, 0};
  CHECK(std::isnan(kernel.distance(one)));
  const PatientDraws draws(6, 300, 5);
  const MethodDraws values = kernel_draws({kernel, PatientKernel(x, x)}, draws);
  CHECK(values[0][17] == kernel.distance(draws.counts(17)));
  const auto interval = percentile_interval(values[0]);
  REQUIRE(interval.has_value());
  CHECK(interval->low < kernel.distance());
  CHECK(interval->high > kernel.distance());
}

TEST_CASE("manifolds: identical sets, sets far apart, invariance") {
  const metrics::FeatureMatrix x = golden_features(40, 4, 0);
  metrics::FeatureMatrix far = x, moved = x;
  for (float& v : far.values) v += 100.0F;
  const ManifoldMetrics same = manifold_metrics(x, x), apart = manifold_metrics(x, far);
  CHECK(same.precision == 1.0);
  CHECK(same.recall == 1.0);
  CHECK(same.coverage == 1.0);
  CHECK(same.density == doctest::Approx(6.0 / 5.0));  // each ball holds its centre and the 5 neighbours
  CHECK(apart.precision + apart.recall + apart.density + apart.coverage == 0.0);
  const metrics::FeatureMatrix q = golden_features(30, 4, 1);
  metrics::FeatureMatrix scaled_x = x, scaled_q = q;
  for (float& v : scaled_x.values) v *= 8.0F;
  for (float& v : scaled_q.values) v *= 8.0F;
  CHECK(manifold_metrics(scaled_x, scaled_q).density == manifold_metrics(x, q).density);
  CHECK(manifold_metrics(x, q).precision == manifold_metrics(q, x).recall);
  const metrics::FeatureMatrix constant{2, std::vector<float>(20, 3.0F)};
  CHECK(manifold_metrics(constant, constant).coverage == 1.0);
}

TEST_CASE("manifold draws equal the manifolds of the distinct patients, whose rows weigh as often as they were drawn") {
  const PatientFeatures x = gaussian_patients(8, 5, 12, 3, 0.0, 1.0), y = gaussian_patients(9, 5, 9, 3, 0.6, 1.0);
  const PatientDraws draws(5, 400, 3);
  const ManifoldDraws values = manifold_draws(x, {x, y}, draws, 3);
  int unweighed = 0;
  for (std::size_t b = 0; b < draws.draws(); ++b) {
    for (const MethodDraws* same : {&values.precision, &values.recall, &values.coverage}) CHECK((*same)[0][b] == 1.0);
    bool weighed = false;
    for (std::size_t p = 0; p < 5; ++p) weighed = weighed || draws.counts(b)[p] > 1;
    if (weighed) continue;
    ++unweighed;
    const PatientFeatures dx = without_repeats(x, draws.counts(b)), dy = without_repeats(y, draws.counts(b));
    const ManifoldMetrics m = manifold_metrics(pooled_rows(dx), pooled_rows(dy), 3);
    CHECK(values.precision[1][b] == doctest::Approx(m.precision));
    CHECK(values.recall[1][b] == doctest::Approx(m.recall));
    CHECK(values.density[1][b] == doctest::Approx(m.density));
    CHECK(values.coverage[1][b] == doctest::Approx(m.coverage));
  }
  CHECK(unweighed > 0);
  // One patient drawn twice weighs twice, but is not his own neighbour.
  const PatientDraws three(3, 60, 1);
  const PatientFeatures x3(x.begin(), x.begin() + 3), y3(y.begin(), y.begin() + 3);
  const ManifoldDraws of_three = manifold_draws(x3, {y3}, three, 3);
  for (std::size_t b = 0; b < three.draws(); ++b) {
    const PatientFeatures dx = without_repeats(x3, three.counts(b)), dy = without_repeats(y3, three.counts(b));
    const metrics::FeatureMatrix all_x = pooled_rows(dx), all_y = pooled_rows(dy);
    double precision = 0, recall = 0, weight = 0;
    for (std::size_t p = 0; p < 3; ++p) {
      if (three.counts(b)[p] == 0) continue;
      precision += three.counts(b)[p] * share_inside(y3[p], all_x, 3);
      recall += three.counts(b)[p] * share_inside(x3[p], all_y, 3);
      weight += three.counts(b)[p];
    }
    CHECK(of_three.precision[0][b] == doctest::Approx(precision / weight));
    CHECK(of_three.recall[0][b] == doctest::Approx(recall / weight));
  }
}

TEST_CASE("frechet draws equal the distance of merged moments, threads do not matter") {
  for (const std::int64_t rows : {30, 3}) {  // the second: singular covariances
    const PatientFeatures x = gaussian_patients(5, 6, rows, 20, 0.0, 0.3),
                          y = gaussian_patients(6, 6, rows, 20, 0.2, 0.3);
    const auto mx = moments_of(x), my = moments_of(y);
    const PatientDraws draws(6, 25, 11);
    const MethodDraws values = frechet_draws(mx, {my, mx}, draws);
    for (std::size_t b = 0; b < draws.draws(); ++b) {
      const FeatureMoments a = merged(mx, draws.counts(b)), c = merged(my, draws.counts(b));
      CHECK(values[0][b] == doctest::Approx(frechet_distance(a, c)).epsilon(1e-5));
      CHECK(values[1][b] < 2e-5);
    }
    const int before = thread_count();
    set_thread_count(1);
    const MethodDraws alone = frechet_draws(mx, {my, mx}, draws);
    set_thread_count(3);
    CHECK(frechet_draws(mx, {my, mx}, draws) == alone);
    const ManifoldDraws of_three = manifold_draws(x, {y}, draws, 2);
    set_thread_count(1);
    CHECK(manifold_draws(x, {y}, draws, 2).density == of_three.density);
    CHECK(manifold_draws(x, {y}, draws, 2).precision == of_three.precision);
    set_thread_count(before);
  }
}

TEST_CASE("bootstrap: draws depend on the seed alone, percentiles") {
  const PatientDraws a(7, 100, 3), b(7, 40, 3), other(7, 40, 4);
  int same = 0;
  for (std::size_t draw = 0; draw < 40; ++draw) {
    int sum = 0;
    for (std::size_t p = 0; p < 7; ++p) {
      CHECK(a.counts(draw)[p] == b.counts(draw)[p]);
      same += static_cast<int>(a.counts(draw)[p] == other.counts(draw)[p]);
      sum += a.counts(draw)[p];
    }
    CHECK(sum == 7);
  }
  CHECK(same < 200);
  const PatientDraws others = PatientDraws::without_each(3);
  CHECK(others.draws() == 3);
  CHECK(std::vector<int>(others.counts(0), others.counts(0) + 9) == std::vector<int>{0, 1, 1, 1, 0, 1, 1, 1, 0});
  CHECK(PatientDraws::without_each(1).draws() == 0);
  std::vector<double> ramp(100);
  std::iota(ramp.begin(), ramp.end(), 0.0);
  CHECK(percentile_interval(ramp, 0.9)->low == doctest::Approx(0.05 * 99));
  CHECK(percentile_interval(ramp, 0.9)->high == doctest::Approx(0.95 * 99));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(percentile_interval({nan, 1, 1, nan, 1})->high == 1);
  CHECK_FALSE(percentile_interval({nan, nan, nan, 1, 1}).has_value());
  CHECK_THROWS_AS(percentile_interval({1, 2}, 1.0), Error);
}

TEST_CASE("features: one patient, few rows, other dimensions and NaN") {
  const PatientFeatures x = gaussian_patients(1, 1, 12, 3, 0, 0), y = gaussian_patients(2, 2, 12, 4, 0, 0);
  const PatientDraws one(1, 1000, 1), two(2, 10, 1);
  CHECK(one.draws() == 0);
  CHECK_FALSE(percentile_interval(frechet_draws(moments_of(x), {moments_of(x)}, one)[0]).has_value());
  CHECK_FALSE(percentile_interval(manifold_draws(x, {x}, one).coverage[0]).has_value());
  CHECK_FALSE(percentile_interval(kernel_draws({PatientKernel(x, x)}, one)[0]).has_value());
  CHECK(std::isnan(PatientKernel(x, x).distance()));
  CHECK_THROWS_AS(frechet_draws(moments_of(x), {moments_of(x)}, two), Error);
  CHECK_THROWS_AS(kernel_draws({PatientKernel(x, x)}, two), Error);
  CHECK_THROWS_AS(manifold_draws(x, {x}, two), Error);
  CHECK_THROWS_AS(PatientKernel(x, y), Error);
  CHECK_THROWS_AS(kernel_distance(x[0], y[0]), Error);
  CHECK_THROWS_AS(manifold_metrics(x[0], y[0]), Error);
  CHECK_THROWS_AS(manifold_metrics(x[0], x[0], 12), Error);
  CHECK_THROWS_AS(manifold_metrics(x[0], x[0], 0), Error);
  const metrics::FeatureMatrix row{3, {1, 2, 3}}, none{3, {}}, bad{1, {1, NAN, 2}};
  CHECK_THROWS_AS(kernel_distance(row, x[0]), Error);
  CHECK_THROWS_AS(kernel_distance(none, none), Error);
  CHECK_THROWS_AS(kernel_distance(bad, bad), Error);
  CHECK_THROWS_AS(manifold_metrics(bad, bad, 1), Error);
  // A patient without patches is no obstacle, a draw of nothing else is left out.
  const PatientFeatures gap{x[0], none, x[0]};
  const MethodDraws draws = frechet_draws(moments_of(gap), {moments_of(gap)}, PatientDraws(3, 200, 1));
  CHECK(std::count_if(draws[0].begin(), draws[0].end(), [](double v) { return std::isnan(v); }) > 0);
  CHECK(percentile_interval(draws[0])->high < 1e-5);
  const metrics::FeatureMatrix some = some_rows(golden_features(50, 2, 0), 7, 1, 2);
  CHECK(some.rows() == 7);
  CHECK(some.values == some_rows(golden_features(50, 2, 0), 7, 1, 2).values);
  CHECK(some_rows(row, 5, 1, 2).values == row.values);
}

TEST_CASE("features: speed of the bootstraps" * doctest::skip()) {
  const auto seconds = [](std::clock_t start) { return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC; };
  const PatientFeatures x = gaussian_patients(1, 30, 1000, 168, 0, 0.3),
                        y = gaussian_patients(2, 30, 1000, 168, 0.1, 0.3);
  const auto mx = moments_of(x), my = moments_of(y);
  const PatientDraws draws(30, 1000, 1);
  std::clock_t start = std::clock();
  frechet_draws(mx, {my}, draws);
  MESSAGE("Frechet, 30 patients, 168 dims, 1000 draws: ", seconds(start), " s of CPU time");
  start = std::clock();
  const double once = frechet_distance(mx[0], my[0]);
  MESSAGE("one frechet_distance (", once, "): ", seconds(start), " s of CPU time");
  PatientFeatures sx, sy;
  for (std::size_t p = 0; p < 30; ++p) {
    sx.push_back(some_rows(x[p], 200, 1, p));
    sy.push_back(some_rows(y[p], 200, 1, p));
  }
  start = std::clock();
  const PatientKernel kernel(sx, sy);
  MESSAGE("kernel sums of 6000 rows: ", seconds(start), " s of CPU time");
  start = std::clock();
  kernel_draws({kernel}, draws);
  MESSAGE("1000 kernel draws: ", seconds(start), " s of CPU time");
  start = std::clock();
  manifold_metrics(pooled_rows(sx), pooled_rows(sy));
  MESSAGE("manifolds of 6000 rows: ", seconds(start), " s of CPU time");
  start = std::clock();
  manifold_draws(sx, {sy}, draws);
  MESSAGE("manifolds, 6000 rows, 1000 draws: ", seconds(start), " s of CPU time");
}
